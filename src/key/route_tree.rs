//! Routes whose variable parts have no shape (slugs, user names): where one place of the tree has
//! more than [`FANOUT`] different children, they collapse.
//!
//! Each node is a saturating set of names. A node is a function of the *set* of templates below it:
//! more than `FANOUT` names, and they are grouped by class with their subtrees united, else each
//! stands for itself. Sets only grow, so the order of insertion and any split and merge give the
//! same tree. Collapsed names keep what they are as far as it is bounded: `{}.php`, `.{}` for
//! hidden files, `{}`; well-known places (`admin`, `.env`, `wp-login.php`, ...) stand for ever.
//!
//! A site hit by scanners has thousands of first segments, yet its own few must not be lost. So the
//! tree has a layer per [`Answer`], and the layer with the best answer decides at each place: names
//! that were never admitted cannot crowd out those that were.

use super::place::class;

/// Most children of a place that are not well known before they collapse.
pub const FANOUT: usize = 64;

/// Most nodes of a layer: some 15 MB. Past it, the tree is cut at a lower depth.
const MAX_NODES: usize = 1 << 17;

/// Depth of a template with its `{rest}` and a trailing slash.
const MAX_DEPTH: usize = super::route::MAX_SEGMENTS + 2;

/// The best that a template was ever answered: what makes a place real.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// The request was served or redirected: status below 400.
    Admitted,
    /// Denied: somebody wrote a rule about the place, or a limiter stood before it.
    Denied,
    /// Anything else, above all 404.
    Other,
}

impl Answer {
    /// The answer that a status is, given whether it counts as a denial.
    pub fn of(status: u16, denied: bool) -> Answer {
        match status {
            _ if denied => Answer::Denied,
            100..=399 => Answer::Admitted,
            _ => Answer::Other,
        }
    }
}

/// A saturating set of route templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteTree {
    layers: [Layer; 3],
}

impl Default for RouteTree {
    fn default() -> Self {
        RouteTree::new()
    }
}

impl RouteTree {
    /// An empty tree.
    pub fn new() -> Self {
        RouteTree {
            layers: std::array::from_fn(|_| Layer::new()),
        }
    }

    /// Adds a template of [`crate::key::route::template`] that was answered so. Once per template
    /// and answer is enough; again does no harm.
    pub fn insert(&mut self, template: &[u8], answer: Answer) {
        self.layers[answer as usize].insert(template);
    }

    /// Unites two trees.
    pub fn merge(&mut self, other: RouteTree) {
        for (layer, theirs) in self.layers.iter_mut().zip(other.layers) {
            layer.merge(theirs);
        }
    }

    /// Whether the bound on nodes was hit, so that deep routes end in `{rest}`. Only then may the
    /// order of insertion matter.
    pub fn truncated(&self) -> bool {
        self.layers.iter().any(|layer| layer.depth < MAX_DEPTH)
    }

    /// Writes the name of a template after all collapses to `out`, which is cleared first. Call it
    /// when the tree is complete; templates that were never inserted stay as they are where the
    /// tree does not say otherwise.
    pub fn canonical(&self, template: &[u8], out: &mut Vec<u8>) {
        out.clear();
        let mut nodes = self.layers.each_ref().map(|layer| Some(&layer.root));
        for (depth, (slash, name)) in segments(template).enumerate() {
            let cut = |layer: &Layer| layer.depth <= depth && layer.depth < MAX_DEPTH;
            if self.layers.iter().any(cut) {
                out.extend_from_slice(b"/{rest}");
                return;
            }
            if slash {
                out.push(b'/');
            }
            out.extend_from_slice(shown(&nodes, name));
            for node in &mut nodes {
                *node = node.and_then(|node| node.child(node.key(name)));
            }
        }
    }

    /// The templates that rebuild this tree when inserted into an empty one, with their answers;
    /// what `report` keeps between runs. A collapsed place is given by as many made-up names as
    /// collapse it.
    pub fn templates(&self) -> Vec<(Vec<u8>, Answer)> {
        let answers = [Answer::Admitted, Answer::Denied, Answer::Other];
        let mut templates = Vec::new();
        for (layer, answer) in self.layers.iter().zip(answers) {
            let mut paths = Vec::new();
            layer.root.list(&mut Vec::new(), &mut paths);
            templates.extend(paths.into_iter().map(|path| (path, answer)));
        }
        templates
    }
}

/// What a name is called at a place: the first layer decides that knows the name or has collapsed.
fn shown<'a>(nodes: &[Option<&Node>; 3], name: &'a [u8]) -> &'a [u8] {
    for node in nodes.iter().flatten() {
        if node.collapsed || node.child(name).is_some() {
            return node.key(name);
        }
    }
    name
}

/// The segments of a template, each with whether a slash stands before it.
fn segments(template: &[u8]) -> impl Iterator<Item = (bool, &[u8])> {
    let rooted = template.first() == Some(&b'/');
    let path = if rooted { &template[1..] } else { template };
    path.split(|byte| *byte == b'/')
        .enumerate()
        .map(move |(at, name)| (at > 0 || rooted, name))
        .take(MAX_DEPTH)
}

/// The templates with one kind of answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Layer {
    root: Node,
    nodes: usize,
    /// Templates are cut to so many segments; [`MAX_DEPTH`] until [`MAX_NODES`] is reached.
    depth: usize,
}

impl Layer {
    fn new() -> Self {
        Layer {
            root: Node::default(),
            nodes: 0,
            depth: MAX_DEPTH,
        }
    }

    fn insert(&mut self, template: &[u8]) {
        let mut names = segments(template).map(|(_, name)| name).take(self.depth);
        let change = self.root.insert(&mut names);
        self.nodes = self.nodes.saturating_add_signed(change);
        self.bound();
    }

    fn merge(&mut self, other: Layer) {
        self.root.merge(other.root);
        self.depth = self.depth.min(other.depth);
        self.root.cut(self.depth);
        self.nodes = self.root.count();
        self.bound();
    }

    /// Cuts the tree until it is well below the bound, so that this happens rarely.
    fn bound(&mut self) {
        if self.nodes <= MAX_NODES {
            return;
        }
        while self.nodes > MAX_NODES / 2 && self.depth > 1 {
            self.depth -= 1;
            self.root.cut(self.depth);
            self.nodes = self.root.count();
        }
    }
}

/// A place: its children by name, sorted; or by class once collapsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Node {
    children: Vec<(Box<[u8]>, Node)>,
    collapsed: bool,
}

impl Node {
    /// The name under which this place keeps a child.
    fn key<'a>(&self, name: &'a [u8]) -> &'a [u8] {
        if self.collapsed { class(name) } else { name }
    }

    fn child(&self, key: &[u8]) -> Option<&Node> {
        let at = self.position(key).ok()?;
        self.children.get(at).map(|(_, node)| node)
    }

    fn position(&self, key: &[u8]) -> Result<usize, usize> {
        self.children
            .binary_search_by(|(name, _)| (**name).cmp(key))
    }

    /// The child of a key, made if need be, and whether it was.
    fn child_mut(&mut self, key: &[u8]) -> (&mut Node, bool) {
        let found = self.position(key);
        let at = found.unwrap_or_else(|at| at);
        if found.is_err() {
            self.children.insert(at, (key.into(), Node::default()));
        }
        (&mut self.children[at].1, found.is_err())
    }

    /// Adds a template's names; the change of the number of nodes.
    fn insert<'a>(&mut self, names: &mut impl Iterator<Item = &'a [u8]>) -> isize {
        let Some(name) = names.next() else {
            return 0;
        };
        let (child, new) = self.child_mut(self.key(name));
        let change = child.insert(names) + isize::from(new);
        if new && self.overfull() {
            let before = self.count();
            self.collapse();
            return change + self.count() as isize - before as isize;
        }
        change
    }

    /// Names of a bounded class (well-known places) do not count: they would stay anyway.
    fn overfull(&self) -> bool {
        !self.collapsed
            && self.children.len() > FANOUT
            && self
                .children
                .iter()
                .filter(|(name, _)| class(name) != &**name)
                .count()
                > FANOUT
    }

    fn collapse(&mut self) {
        self.collapsed = true;
        for (name, node) in std::mem::take(&mut self.children) {
            self.child_mut(class(&name)).0.merge(node);
        }
    }

    fn merge(&mut self, other: Node) {
        if other.collapsed && !self.collapsed {
            self.collapse();
        }
        for (name, node) in other.children {
            self.child_mut(self.key(&name)).0.merge(node);
        }
        if self.overfull() {
            self.collapse();
        }
    }

    /// Nodes below this one.
    fn count(&self) -> usize {
        self.children.iter().map(|(_, node)| 1 + node.count()).sum()
    }

    /// Forgets what lies deeper than `depth` segments.
    fn cut(&mut self, depth: usize) {
        if depth == 0 {
            self.children = Vec::new();
            self.collapsed = false;
        }
        for (_, node) in &mut self.children {
            node.cut(depth.saturating_sub(1));
        }
    }

    /// Templates that rebuild this node below `path`.
    fn list(&self, path: &mut Vec<u8>, out: &mut Vec<Vec<u8>>) {
        if self.children.is_empty() && !path.is_empty() {
            out.push(path.clone());
        }
        let length = path.len();
        if self.collapsed {
            for number in 0..=FANOUT {
                path.extend_from_slice(format!("/{{}}{number}").as_bytes());
                out.push(path.clone());
                path.truncate(length);
            }
        }
        for (name, node) in &self.children {
            path.push(b'/');
            path.extend_from_slice(name);
            node.list(path, out);
            path.truncate(length);
        }
    }
}

#[cfg(test)]
#[path = "route_tree_tests.rs"]
mod tests;
