//! Maps and sets of small keys, hashed fast and with a fixed seed.
//!
//! Keys here are ids and sizes that the program gave out itself, so nobody outside can choose them to
//! collide. Nothing may follow the order of such a map.

use foldhash::fast::FixedState;

/// A map from small keys.
pub type HashMap<K, V> = hashbrown::HashMap<K, V, FixedState>;
/// A set of small keys.
pub type HashSet<K> = hashbrown::HashSet<K, FixedState>;
