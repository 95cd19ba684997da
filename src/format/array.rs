//! An array on one line that is too long to be read as a line: its elements become lines.
//!
//! Exports of Logpush, AWS and Azure hold hundreds of megabytes on one line: `[{...},{...}]`, or an object that holds
//! the array. The text comes in pieces of any size and is changed in place, one byte for one: the comma between two
//! elements becomes a newline, and so does the bracket of an array that follows another value on its line. All else
//! stays: places in the text are those of the file, and what the first and the last element carry besides
//! themselves is what `several` leaves there too.
//!
//! Whoever holds the text in order holds the [`Splitter`], so that what a byte becomes depends on the bytes before it
//! alone, never on the pieces. A line of the file that is no JSON, and what follows a newline within an element, is
//! left as it is: an array that breaks off costs no line behind it.

use super::lines::MAX_LINE;
use super::several::HOLDERS;

/// Longest name of a list that is told from others.
const NAME_BYTES: usize = 64;

/// The first bytes of a text with the elements of its arrays on lines of their own; `None` for a text that is read
/// as it is, because its first line is short enough or has no elements to be told apart.
pub fn split_head(head: &[u8]) -> Option<Vec<u8>> {
    if memchr::memchr(b'\n', head.get(..=MAX_LINE)?).is_some() {
        return None;
    }
    let mut split = head.to_vec();
    Splitter::default().split(&mut split);
    let first_line = memchr::memchr(b'\n', head).unwrap_or(head.len());
    (split[..first_line] != head[..first_line]).then_some(split)
}

/// Puts the elements of arrays on lines of their own, piece by piece.
#[derive(Debug)]
pub struct Splitter {
    place: Place,
    /// Brackets that are open on the line.
    depth: u64,
    /// So many are open between the elements of the list that is open.
    list: Option<u64>,
    /// Whether a bracket was opened that makes a list if an object follows.
    is_opening: bool,
    /// Whether a value stands before on the line, which a list must not share with it.
    is_taken: bool,
    /// Whether no value has ended yet: the list that made the text be split may have any name.
    is_first: bool,
    /// Of an object that is no element: its keys so far, and the last of them.
    keys: u64,
    name: Name,
    /// What stands before, white space aside.
    before: Before,
    /// Whether the object is one of CloudWatch.
    is_message: bool,
}

/// Where the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    LineStart,
    /// On a line that is no JSON.
    Text,
    /// Outside of strings.
    Structure,
    String {
        is_name: bool,
        is_escaped: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Name,
    Colon,
    Other,
}

impl Default for Splitter {
    fn default() -> Self {
        Splitter {
            place: Place::LineStart,
            depth: 0,
            list: None,
            is_opening: false,
            is_taken: false,
            is_first: true,
            keys: 0,
            name: Name::default(),
            before: Before::Other,
            is_message: false,
        }
    }
}

impl Splitter {
    /// Takes the next piece of the text.
    pub fn split(&mut self, text: &mut [u8]) {
        let mut rest = text;
        while !rest.is_empty() {
            let passed = match self.place {
                Place::LineStart => self.line_start(&mut rest[0]),
                Place::Structure => {
                    self.structure(&mut rest[0]);
                    1
                }
                Place::String {
                    is_name,
                    is_escaped,
                } => self.string(rest, is_name, is_escaped),
                Place::Text => match memchr::memchr(b'\n', rest) {
                    Some(end) => {
                        self.end_line();
                        end + 1
                    }
                    None => rest.len(),
                },
            };
            rest = &mut rest[passed..];
        }
    }

    /// Passes over the white space before a line, or tells what the line is.
    fn line_start(&mut self, byte: &mut u8) -> usize {
        let is_in_list = self.list.is_some();
        match *byte {
            b' ' | b'\t' | b'\r' => return 1,
            b'\n' => {
                self.end_line();
                return 1;
            }
            // The mark of byte order before a text.
            0xef | 0xbb | 0xbf if self.is_first => return 1,
            b'{' => self.place = Place::Structure,
            b',' | b']' | b'}' if is_in_list => self.place = Place::Structure,
            // What breaks off in the middle does not reach over to the next array.
            b'[' => {
                self.leave();
                self.place = Place::Structure;
            }
            _ => {
                self.leave();
                self.place = Place::Text;
            }
        }
        0
    }

    fn structure(&mut self, byte: &mut u8) {
        let is_opening = std::mem::take(&mut self.is_opening);
        let before = std::mem::replace(&mut self.before, Before::Other);
        let is_outside = self.list.is_none() && self.depth <= 1;
        match *byte {
            b' ' | b'\t' | b'\r' => (self.is_opening, self.before) = (is_opening, before),
            b'\n' => match self.list == Some(self.depth) {
                true => self.end_line(),
                false => self.break_off(),
            },
            b'"' => {
                let is_name = is_outside && self.depth == 1;
                if is_name {
                    self.name = Name::default();
                }
                self.place = Place::String {
                    is_name,
                    is_escaped: false,
                };
            }
            b':' if is_outside && before == Before::Name => {
                self.keys += 1;
                self.is_message |= self.keys == 1 && self.name.is(b"messageType");
                self.before = Before::Colon;
            }
            b'{' => {
                if is_opening {
                    self.list = Some(self.depth);
                }
                if self.depth == 0 {
                    (self.keys, self.is_message) = (0, false);
                }
                self.depth += 1;
            }
            b'[' => {
                let is_list =
                    self.depth == 0 || before == Before::Colon && self.is_name_of_a_list();
                self.is_opening = is_outside && is_list;
                self.depth += 1;
                if self.is_opening && self.is_taken {
                    *byte = b'\n';
                    self.is_taken = false;
                }
            }
            // No list ends so, and no element is open.
            b'}' if self.list == Some(self.depth) => {}
            b']' | b'}' => {
                let ends_list = self.list == Some(self.depth);
                self.depth = self.depth.saturating_sub(1);
                if ends_list {
                    self.list = None;
                }
                if ends_list || self.depth == 0 {
                    (self.is_taken, self.is_first) = (true, false);
                }
            }
            b',' if self.list == Some(self.depth) => {
                *byte = b'\n';
                self.is_taken = false;
            }
            _ => {}
        }
    }

    /// Goes on in a string, and gives how many bytes it passed.
    fn string(&mut self, text: &[u8], is_name: bool, is_escaped: bool) -> usize {
        let from = usize::from(is_escaped && text[0] != b'\n');
        let end = memchr::memchr3(b'"', b'\\', b'\n', &text[from..]).map(|at| from + at);
        if is_name {
            self.name.extend(&text[..end.unwrap_or(text.len())]);
        }
        self.place = match end.map(|end| text[end]) {
            Some(b'"') => {
                if is_name {
                    self.before = Before::Name;
                }
                Place::Structure
            }
            Some(b'\\') => Place::String {
                is_name,
                is_escaped: true,
            },
            // No string goes over the end of a line.
            Some(_) => {
                self.break_off();
                Place::LineStart
            }
            None => Place::String {
                is_name,
                is_escaped: false,
            },
        };
        end.map_or(text.len(), |end| end + 1)
    }

    /// Whether the array behind the last key holds records. The names are those of `several`.
    fn is_name_of_a_list(&self) -> bool {
        let is_holder = || self.is_first || HOLDERS.iter().any(|name| self.name.is(name));
        self.keys == 1 && is_holder() || self.is_message && self.name.is(b"logEvents")
    }

    /// A newline of the text between elements, or where nothing is open.
    fn end_line(&mut self) {
        self.place = Place::LineStart;
        (self.is_taken, self.is_first) = (false, false);
    }

    /// A newline of the text where an element or a string is open: what was open is given up.
    fn break_off(&mut self) {
        self.leave();
        self.end_line();
    }

    fn leave(&mut self) {
        (self.depth, self.list) = (0, None);
    }
}

/// A name in an object, as far as it is needed to tell it from others.
#[derive(Debug)]
struct Name {
    bytes: [u8; NAME_BYTES],
    len: usize,
}

impl Default for Name {
    fn default() -> Self {
        Name {
            bytes: [0; NAME_BYTES],
            len: 0,
        }
    }
}

impl Name {
    fn extend(&mut self, part: &[u8]) {
        for (place, byte) in self.bytes.iter_mut().skip(self.len).zip(part) {
            *place = *byte;
        }
        self.len = self.len.saturating_add(part.len());
    }

    fn is(&self, name: &[u8]) -> bool {
        self.bytes.get(..self.len) == Some(name)
    }
}

#[cfg(test)]
mod tests;
