use super::*;
use proptest::prelude::*;
use serde_json::Value;

/// The text with its elements on lines of their own, in pieces of so many bytes.
fn split_in(text: &[u8], piece: usize) -> Vec<u8> {
    let mut text = text.to_vec();
    let mut splitter = Splitter::default();
    text.chunks_mut(piece)
        .for_each(|piece| splitter.split(piece));
    text
}

fn split(text: &str) -> String {
    String::from_utf8(split_in(text.as_bytes(), 3)).unwrap()
}

#[test]
fn separators_between_elements_become_newlines() {
    for (text, expected) in [
        (r#"[{"a":1},{"b":2}]"#, "[{\"a\":1}\n{\"b\":2}]"),
        (
            "\u{feff} [ {\"a\":[1,{}]} , {\"b\":{\"c\":[],\"d\":2}}\r,null,\"x,y\"]\n",
            "\u{feff} [ {\"a\":[1,{}]} \n {\"b\":{\"c\":[],\"d\":2}}\r\nnull\n\"x,y\"]\n",
        ),
        // Strings with all that means something outside of them.
        (
            r#"[{"a":"},{"},{"b":"\"},{\\"},{"c":"\\\\","d":"]"}]"#,
            "[{\"a\":\"},{\"}\n{\"b\":\"\\\"},{\\\\\"}\n{\"c\":\"\\\\\\\\\",\"d\":\"]\"}]",
        ),
        // What holds the array, and what it holds besides.
        (
            r#"{"Records":[{"a":1},{"b":2}],"c":[{},{}]}"#,
            "{\"Records\":[{\"a\":1}\n{\"b\":2}],\"c\":[{},{}]}",
        ),
        (
            r#"{"anything" : [{"a":1},{"b":2}]}"#,
            "{\"anything\" : [{\"a\":1}\n{\"b\":2}]}",
        ),
        (
            r#"{"messageType":"DATA_MESSAGE","x":[1,2],"logEvents":[{"a":1},{"b":2}],"o":"p"}{"messageType":"DATA_MESSAGE","logEvents":[{"c":3}]}"#,
            "{\"messageType\":\"DATA_MESSAGE\",\"x\":[1,2],\"logEvents\":[{\"a\":1}\n{\"b\":2}],\"o\":\"p\"}{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":\n{\"c\":3}]}",
        ),
        // One behind the other.
        (
            r#"[{"a":1},{"b":2}] [{"c":3}],[{"d":4},{"e":5}]"#,
            "[{\"a\":1}\n{\"b\":2}] \n{\"c\":3}],\n{\"d\":4}\n{\"e\":5}]",
        ),
        ("[{},{}]\n[{},{}]\n", "[{}\n{}]\n[{}\n{}]\n"),
        // It breaks off, and other lines follow.
        (
            "[{\"a\":1},{\"b\":\"\n[1] a,b\n{\"c\":[{},{}]}\n[{},{}]",
            "[{\"a\":1}\n{\"b\":\"\n[1] a,b\n{\"c\":[{},{}]}\n[{}\n{}]",
        ),
        (
            "[{},{}]\n10.0.0.1 - - [x] \"GET /[{},{}] HTTP\"\n[10/Oct] a,b\n",
            "[{}\n{}]\n10.0.0.1 - - [x] \"GET /[{},{}] HTTP\"\n[10/Oct] a,b\n",
        ),
        ("[{},{},\n{},{}]", "[{}\n{}\n\n{}\n{}]"),
        ("[{}},{}]", "[{}}\n{}]"),
        // No list of records.
        ("[1,2,3]", "[1,2,3]"),
        (r#"{"a":1,"b":[{},{}]}"#, r#"{"a":1,"b":[{},{}]}"#),
        (r#"{"a":1},{"b":2}"#, r#"{"a":1},{"b":2}"#),
        (
            "{\"a\":[{},{}]}\n{\"a\":[{},{}]}",
            "{\"a\":[{}\n{}]}\n{\"a\":[{},{}]}",
        ),
    ] {
        assert_eq!(split(text), expected, "{text}");
    }
}

#[test]
fn only_a_long_first_line_of_elements_is_split() {
    let long = |element: &str, end: &str| {
        let elements = vec![element; 1 + MAX_LINE / element.len()].join(",");
        format!("[{elements}]{end}")
    };
    assert!(split_head(b"[{},{}]").is_none());
    assert!(split_head(b"").is_none());
    let behind_a_short_one = format!("x\n{}", long("{}", ""));
    assert!(split_head(behind_a_short_one.as_bytes()).is_none());
    assert!(split_head(long("\"x\"", "\n[{},{}]").as_bytes()).is_none());
    for end in ["", "\n", "\nx\n"] {
        let text = long("{}", end);
        let split = split_head(text.as_bytes()).unwrap();
        assert_eq!(split.len(), text.len());
        assert!(split.starts_with(b"[{}\n{}\n"));
    }
}

/// A JSON value, and a way of writing it.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i32>().prop_map(Value::from),
        "[\\[\\]{},:\"\\\\\na\u{e9}]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            object(inner),
        ]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[\\[\\]{},:\"\\\\a]{0,5}|records|logEvents", inner, 0..4)
        .prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn lines_are_the_elements_that_serde_finds(
        first in object(value()),
        others in prop::collection::vec(value(), 0..6),
        space in "[ \t\r]{0,2}",
        holder in prop_oneof![Just(None), "[a-z]{1,70}".prop_map(Some)],
        piece in 1usize..50,
    ) {
        let elements: Vec<Value> = std::iter::once(first).chain(others).collect();
        let written: Vec<String> = elements.iter().map(Value::to_string).collect();
        let list = format!("[{space}{}{space}]", written.join(&format!("{space},{space}")));
        let (before, behind) = match &holder {
            Some(name) => (format!("{{\"{name}\":{space}"), "}"),
            None => (String::new(), ""),
        };
        let text = format!("{before}{list}{behind}");
        let split = String::from_utf8(split_in(text.as_bytes(), piece)).unwrap();
        prop_assert_eq!(split.len(), text.len());
        let own = split.strip_prefix(&before).and_then(|text| text.strip_prefix('['));
        let own = own.and_then(|text| text.strip_suffix(&format!("]{behind}"))).unwrap();
        let found: Result<Vec<Value>, _> = own.split('\n').map(serde_json::from_str).collect();
        prop_assert_eq!(found.unwrap(), elements);
    }

    #[test]
    fn any_bytes_keep_their_places_in_any_pieces(
        text in "(\\[\\{|\\{\"records\":\\[\\{|\\{\"messageType\":1,\"logEvents\":\\[\\{)?([\\[\\]{}\",:a\\\\ \n]|\"records\":|\\}\\]){0,60}",
        piece in 1usize..9,
    ) {
        let split = split_in(text.as_bytes(), piece);
        prop_assert_eq!(&split, &split_in(text.as_bytes(), usize::MAX));
        prop_assert_eq!(split.len(), text.len());
        for (old, new) in text.bytes().zip(split) {
            prop_assert!(old == new || new == b'\n' && matches!(old, b',' | b'['));
        }
    }
}
