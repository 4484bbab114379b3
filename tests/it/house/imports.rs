//! Which file of src imports from which: reads as much of Rust as that takes. Paths are as from the root of the crate, `a::b::C`.

use std::collections::BTreeMap;
use std::iter;

/// A path that a file names, in a `use` or amid its code.
pub(crate) struct Import {
    /// The module that it stands in: that of the file, or one inside of it.
    pub(crate) module: String,
    pub(crate) path: String,
    /// What a `use` calls it.
    name: Option<String>,
    public: bool,
    pub(crate) test: bool,
}

/// The files below src, by their modules: their names, and what they import.
pub(crate) struct Tree(pub(crate) BTreeMap<String, (String, Vec<Import>)>);

impl Tree {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let (mut tree, mut only_tests) = (BTreeMap::new(), Vec::new());
        for (file, text) in files {
            let stem = file.trim_end_matches(".rs").trim_end_matches("/mod");
            let module = stem.replace('/', "::");
            let imports = imports(&module, &tokens(text), &mut only_tests);
            tree.insert(module, ((*file).to_owned(), imports));
        }
        for module in only_tests {
            let imports = tree.get_mut(&module).into_iter().flat_map(|(_, i)| i);
            imports.for_each(|import| import.test = true);
        }
        Self(tree)
    }

    /// The path from the root of the crate; none for what another crate has.
    pub(crate) fn whole(&self, module: &str, path: &str) -> Option<String> {
        let (first, rest) = path.split_once("::").unwrap_or((path, ""));
        let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
        match first {
            "crate" => Some(rest.to_owned()),
            "super" if rest.split("::").next() == Some("super") => self.whole(parent, rest),
            "super" => Some(join(parent, rest)),
            "self" => Some(join(module, rest)),
            _ if self.0.contains_key(&join(module, first)) => Some(join(module, path)),
            _ => {
                let used = &self.use_of(module, first)?.path;
                // Not `use anyhow::anyhow`.
                let itself = used.split("::").next() == Some(first);
                let whole = || self.whole(module, &join(used, rest));
                (!itself).then(whole).flatten()
            }
        }
    }

    /// The module whose file has what is imported. A module itself is not imported, only what is taken from it; and one that
    /// hands on what its parts have does not import them.
    pub(crate) fn source(&self, import: &Import) -> Option<&str> {
        let source = self.defined(&self.whole(&import.module, &import.path)?)?;
        let own_part = format!("{}::", import.module);
        let hands_on = import.public && source.starts_with(&own_part);
        (!hands_on && source != import.module).then_some(source)
    }

    /// The module that defines an item, also when others hand it on.
    fn defined(&self, whole: &str) -> Option<&str> {
        let mut above = iter::successors(Some(whole), |w| Some(w.rsplit_once("::")?.0));
        let (module, _) = above.find_map(|module| self.0.get_key_value(module))?;
        let item = whole[module.len()..].strip_prefix("::")?;
        let (name, rest) = item.split_once("::").unwrap_or((item, ""));
        match self.use_of(module, name) {
            Some(import) => self.defined(&self.whole(module, &join(&import.path, rest))?),
            None => Some(module),
        }
    }

    /// The `use` that gives a name in a module.
    fn use_of(&self, module: &str, name: &str) -> Option<&Import> {
        let gives = |i: &&Import| i.module == module && i.name.as_deref() == Some(name);
        self.0.get(module)?.1.iter().find(gives)
    }
}

fn join(path: &str, rest: &str) -> String {
    match (path, rest) {
        ("", path) | (path, "") => path.to_owned(),
        _ => format!("{path}::{rest}"),
    }
}

/// What a file imports; `only_tests` gets the modules that it has for its tests only.
fn imports(file: &str, tokens: &[&str], only_tests: &mut Vec<String>) -> Vec<Import> {
    let (mut found, mut inner, mut test_until, mut at) = (Vec::new(), Vec::new(), 0, 0);
    while at < tokens.len() {
        inner.retain(|(_, end)| at < *end);
        let names = inner.iter().map(|(name, _)| *name);
        let module = names.fold(file.to_owned(), |module, name| join(&module, name));
        let test = at < test_until;
        let is_inside = at > 0 && tokens[at - 1] == "::";
        match &tokens[at..] {
            ["#", "[", "cfg", "(", "test", ")", ..] => {
                test_until = test_until.max(item_end(tokens, at));
            }
            ["mod", name, "{", ..] => inner.push((*name, item_end(tokens, at))),
            ["mod", name, ";", ..] if test => only_tests.push(join(&module, name)),
            [first, rest @ ..]
                if *first == "use"
                    || (is_name(first) && rest.starts_with(&["::"]) && !is_inside) =>
            {
                let is_use = *first == "use";
                let public = is_use && at > 0 && matches!(tokens[at - 1], "pub" | ")");
                let mut paths = Vec::new();
                at = read_paths(tokens, at + usize::from(is_use), "", &mut paths);
                found.extend(paths.into_iter().map(|(path, name)| Import {
                    module: module.clone(),
                    path,
                    name: Some(name).filter(|name| is_use && name != "*"),
                    public,
                    test,
                }));
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Behind the `}` or `;` that ends an item, or what it stands in.
fn item_end(tokens: &[&str], start: usize) -> usize {
    let mut depth = 0;
    let mut ends = tokens.iter().skip(start).map(|token| {
        match *token {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        depth <= 0 && matches!(*token, "}" | ";")
    });
    ends.position(|end| end)
        .map_or(tokens.len(), |length| start + length + 1)
}

/// Each path of `a::{b, c::d as e}`, with its name. Gives the place behind them.
fn read_paths(
    tokens: &[&str],
    mut at: usize,
    before: &str,
    found: &mut Vec<(String, String)>,
) -> usize {
    let (start, mut path) = (at, before.to_owned());
    while let Some(token) = tokens.get(at) {
        match *token {
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| *token != "}") {
                    // One more at least: a comma.
                    at = read_paths(tokens, at, &path, found).max(at + 1);
                }
                return at + 1;
            }
            "self" if !before.is_empty() => {}
            word if word == "*" || is_name(word) => path = join(&path, word),
            _ => break,
        }
        at += 1;
        if tokens.get(at) != Some(&"::") {
            break;
        }
        at += 1;
    }
    if at == start {
        return at;
    }
    let mut name = path.rsplit("::").next();
    if let Some(["as", alias]) = tokens.get(at..at + 2) {
        (name, at) = (Some(*alias), at + 2);
    }
    let name = name.unwrap_or_default().to_owned();
    found.push((path, name));
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The words and signs of a text, without its comments, strings and characters.
fn tokens(mut text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    while let Some(first) = text.chars().next() {
        let word = text.find(|c: char| !c.is_alphanumeric() && c != '_');
        let (length, is_token) = if text.starts_with("//") {
            (text.find('\n').unwrap_or(text.len()), false)
        } else if text.starts_with("r\"") || text.starts_with("r#\"") {
            let quote = text.find('"').unwrap();
            let end = ["\"", "\"#"][quote - 1];
            let length = text[quote + 1..].find(end).unwrap();
            (quote + 1 + length + end.len(), false)
        } else if first == '"'
            || text.starts_with("'\\")
            || (first == '\'' && text.chars().nth(2) == Some('\''))
        {
            (quoted(text), false)
        } else if text.starts_with("::") {
            (2, true)
        } else {
            (
                word.unwrap_or(text.len()).max(first.len_utf8()),
                !first.is_whitespace(),
            )
        };
        let (token, rest) = text.split_at(length);
        if is_token {
            found.push(token);
        }
        text = rest;
    }
    found
}

/// How long a text in quotes is, with them.
fn quoted(text: &str) -> usize {
    let quote = text.chars().next();
    let mut escaped = false;
    let mut rest = text.char_indices().skip(1);
    let end = rest.find(|(_, c)| {
        let end = !escaped && Some(*c) == quote;
        escaped = !escaped && *c == '\\';
        end
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}
