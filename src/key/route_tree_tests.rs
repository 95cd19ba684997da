use super::*;
use proptest::prelude::*;

fn canonical(tree: &RouteTree, template: &str) -> String {
    let mut out = b"left over".to_vec();
    tree.canonical(template.as_bytes(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

fn slug(number: usize) -> String {
    let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
    [letter(number), letter(number / 26), letter(number / 676)]
        .iter()
        .collect()
}

#[test]
fn a_place_collapses_past_its_fanout() {
    let mut tree = RouteTree::new();
    for number in 0..FANOUT {
        tree.insert(
            format!("/blog/{}/edit", slug(number)).as_bytes(),
            Answer::Admitted,
        );
    }
    assert_eq!(canonical(&tree, "/blog/aaa/edit"), "/blog/aaa/edit");
    tree.insert(b"/blog/zzz/view", Answer::Admitted);
    for name in ["aaa", "zzz", "never-seen"] {
        assert_eq!(
            canonical(&tree, &format!("/blog/{name}/edit")),
            "/blog/{}/edit"
        );
    }
    assert_eq!(canonical(&tree, "/blog/{id}/edit"), "/blog/{id}/edit");
    assert_eq!(canonical(&tree, "/blog"), "/blog");
    assert_eq!(canonical(&tree, "/blog/"), "/blog/");
}

#[test]
fn scanners_do_not_crowd_out_real_places() {
    let mut tree = RouteTree::new();
    for number in 0..5000 {
        tree.insert(format!("/{}.php", slug(number)).as_bytes(), Answer::Other);
        tree.insert(format!("/{}", slug(number)).as_bytes(), Answer::Other);
        tree.insert(format!("/.{}", slug(number)).as_bytes(), Answer::Other);
    }
    tree.insert(b"/pricing/plans", Answer::Admitted);
    tree.insert(b"/reports/all", Answer::Denied);
    for (template, expected) in [
        ("/pricing/plans", "/pricing/plans"),
        ("/reports/all", "/reports/all"),
        ("/abc.php", "/{}.php"),
        ("/abc", "/{}"),
        ("/.abc", "/.{}"),
        ("/.env", "/.env"),
        ("/wp-login.php", "/wp-login.php"),
        ("/", "/"),
    ] {
        assert_eq!(canonical(&tree, template), expected);
    }
}

#[test]
fn an_admitted_place_that_collapsed_speaks_for_denials_too() {
    let mut tree = RouteTree::new();
    for number in 0..100 {
        tree.insert(format!("/p/{}", slug(number)).as_bytes(), Answer::Admitted);
    }
    tree.insert(b"/p/abc", Answer::Denied);
    assert_eq!(canonical(&tree, "/p/abc"), "/p/{}");
}

#[test]
fn the_tree_is_bounded() {
    let mut tree = RouteTree::new();
    for a in 0..64 {
        for b in 0..64 {
            for c in 0..64 {
                let path = format!("/{}/{}/{}/x", slug(a), slug(b), slug(c));
                tree.insert(path.as_bytes(), Answer::Other);
            }
        }
    }
    assert!(tree.truncated());
    assert!(tree.layers.iter().all(|layer| layer.nodes <= MAX_NODES));
    assert_eq!(tree.layers[2].nodes, tree.layers[2].root.count());
    assert_eq!(canonical(&tree, "/aaa/aaa/aaa/x"), "/aaa/aaa/{rest}");
}

fn templates() -> impl Strategy<Value = Vec<(String, Answer)>> {
    let wide = (0usize..90).prop_map(slug);
    let narrow = prop::sample::select(vec!["a", "b", ".env", "x.php", "y.php", "{id}", ""]);
    let path = (wide.clone(), narrow, wide).prop_map(|(a, b, c)| format!("/{a}/{b}/{c}"));
    let answer = prop::sample::select(vec![Answer::Admitted, Answer::Denied, Answer::Other]);
    prop::collection::vec((path, answer), 0..400)
}

fn tree_of<'a>(templates: impl Iterator<Item = &'a (String, Answer)>) -> RouteTree {
    let mut tree = RouteTree::new();
    for (template, answer) in templates {
        tree.insert(template.as_bytes(), *answer);
    }
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_and_splits_do_not_matter(templates in templates(), cut in 0usize..400, deal in 1usize..5) {
        let whole = tree_of(templates.iter());
        prop_assert_eq!(&tree_of(templates.iter().rev()), &whole);
        let (left, right) = templates.split_at(cut.min(templates.len()));
        let mut merged = tree_of(right.iter());
        merged.merge(tree_of(left.iter()));
        prop_assert_eq!(&merged, &whole);
        let mut dealt = RouteTree::new();
        for hand in 0..deal {
            dealt.merge(tree_of(templates.iter().skip(hand).step_by(deal)));
        }
        prop_assert_eq!(&dealt, &whole);
        dealt.merge(whole.clone());
        prop_assert_eq!(&dealt, &whole);
    }

    #[test]
    fn a_kept_tree_names_routes_alike(templates in templates()) {
        let whole = tree_of(templates.iter());
        let mut again = RouteTree::new();
        for (template, answer) in whole.templates() {
            again.insert(&template, answer);
        }
        for (template, _) in &templates {
            prop_assert_eq!(canonical(&again, template), canonical(&whole, template));
        }
    }

    #[test]
    fn canonical_names_are_their_own(templates in templates()) {
        let tree = tree_of(templates.iter());
        for (template, _) in &templates {
            let once = canonical(&tree, template);
            prop_assert_eq!(canonical(&tree, &once), once.clone());
        }
    }
}
