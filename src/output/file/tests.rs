use super::*;
use std::fs;

fn deliver(path: &Path, text: &str) -> Result<Delivery, FileError> {
    Destination::open(path)?.deliver(|out| out.write_all(text.as_bytes()))
}

fn names_in(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_file_appears_whole_and_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.json");
    assert_eq!(deliver(&path, "one\n").unwrap(), Delivery::Complete);
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
    assert_eq!(names_in(directory.path()), ["report.json"]);
}

#[test]
fn a_shorter_output_leaves_no_stale_tail() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.json");
    deliver(&path, "a long first report\n").unwrap();
    deliver(&path, "short\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "short\n");
}

#[test]
fn opening_leaves_everything_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.json");
    fs::write(&path, "yesterday").unwrap();
    let destination = Destination::open(&path).unwrap();
    assert_eq!(names_in(directory.path()), ["report.json"]);
    drop(destination);
    assert_eq!(fs::read_to_string(&path).unwrap(), "yesterday");
}

#[test]
fn a_failing_renderer_leaves_the_old_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.json");
    fs::write(&path, "yesterday").unwrap();
    let failed = Destination::open(&path).unwrap().deliver(|out| {
        out.write_all(b"half of")?;
        Err(io::Error::other("lost"))
    });
    assert!(failed.is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "yesterday");
    assert_eq!(names_in(directory.path()), ["report.json"]);
}

#[test]
fn a_missing_directory_fails_at_once_and_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing/report.json");
    let error = Destination::open(&path).unwrap_err().to_string();
    assert!(error.contains("missing/report.json"), "{error}");
    assert!(error.ends_with("create its directory first"), "{error}");
}

#[test]
fn a_directory_is_not_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let error = Destination::open(directory.path()).unwrap_err().to_string();
    assert!(error.ends_with("name a file in it"), "{error}");
}

#[cfg(unix)]
mod on_unix {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn an_existing_file_keeps_its_permissions() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        fs::write(&path, "yesterday").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        deliver(&path, "today").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[test]
    fn a_new_file_is_no_more_private_than_others() {
        let directory = tempfile::tempdir().unwrap();
        let ordinary = directory.path().join("ordinary");
        fs::write(&ordinary, "").unwrap();
        let path = directory.path().join("report.json");
        deliver(&path, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&ordinary));
    }

    #[test]
    fn a_link_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("latest.json");
        fs::create_dir(directory.path().join("reports")).unwrap();
        symlink("reports/today.json", &link).unwrap();
        deliver(&link, "through the link").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            fs::read_to_string(directory.path().join("reports/today.json")).unwrap(),
            "through the link"
        );
    }

    #[test]
    fn a_loop_of_links_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("loop");
        symlink("loop", &path).unwrap();
        let error = Destination::open(&path).unwrap_err().to_string();
        assert!(error.contains("symbolic links"), "{error}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_an_error_that_says_what_to_do() {
        let error = deliver(Path::new("/dev/full"), "text").unwrap_err();
        assert!(error.to_string().contains("free some space"), "{error}");
    }

    #[test]
    fn a_fifo_is_written_to_and_its_closed_end_is_no_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        if !made.is_ok_and(|status| status.success()) {
            return;
        }
        let reader = {
            let path = path.clone();
            std::thread::spawn(move || {
                let mut text = [0; 4];
                let mut fifo = File::open(path).unwrap();
                fifo.read_exact(&mut text).unwrap();
                text
            })
        };
        // More than a pipe holds, so that the writer sees the reader leave.
        let text = "text".repeat(100_000);
        assert_eq!(deliver(&path, &text).unwrap(), Delivery::ClosedPipe);
        assert_eq!(&reader.join().unwrap(), b"text");
    }
}
