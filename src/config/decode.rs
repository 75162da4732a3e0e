//! From a parsed TOML tree to typed values, collecting every mistake on the way.
//!
//! serde stops at its first error; a user who fixes a file wants all of them at once.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Located, Problem};
use super::suggest::did_you_mean;

/// One table being read. Keys that nobody asked for are mistakes when it is finished.
pub(super) struct Fields<'t, 'p> {
    table: &'t DeTable<'t>,
    /// `[project]`, `[[build]]`, or `the top of the file`.
    name: &'static str,
    asked: Vec<&'static str>,
    problems: &'p mut Vec<Problem>,
}

impl<'t, 'p> Fields<'t, 'p> {
    pub(super) fn new(table: &'t DeTable<'t>, name: &'static str, problems: &'p mut Vec<Problem>) -> Self {
        Fields { table, name, asked: Vec::new(), problems }
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Whether the key is written at all.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    fn get(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.asked.push(key);
        self.table.get(key)
    }

    fn place(&self) -> String {
        let preposition = if self.name.starts_with("the top") { "at" } else { "in" };
        format!("{preposition} {}", self.name)
    }

    fn wrong_type(&mut self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str, example: &str) {
        let found = type_name(value.get_ref());
        self.problems.push(Problem::new(
            value.span(),
            format!("`{key}` {} must be {expected}, not {found}", self.place()),
            format!("this is {found}"),
            format!("write `{example}`"),
        ));
    }

    /// A string.
    pub(super) fn string(&mut self, key: &'static str, example: &str) -> Option<Located<String>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Located { value: text.to_string(), span: value.span() }),
            _ => {
                self.wrong_type(key, value, "a string", example);
                None
            }
        }
    }

    /// A whole number that is not negative.
    pub(super) fn number(&mut self, key: &'static str, example: &str) -> Option<Located<u64>> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(digits) => u64::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        match (number, value.get_ref()) {
            (Some(_), _) => {}
            (None, DeValue::Integer(_)) => {
                let title = format!("`{key}` {} is out of range", self.place());
                let help = format!("write `{example}`");
                self.problems.push(Problem::new(value.span(), title, "negative or too large", help));
            }
            (None, _) => self.wrong_type(key, value, "a whole number", example),
        }
        number.map(|number| Located { value: number, span: value.span() })
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, key: &'static str, example: &str) -> Option<Located<bool>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(Located { value: *flag, span: value.span() }),
            _ => {
                self.wrong_type(key, value, "true or false", example);
                None
            }
        }
    }

    /// A string that means something; `expected` says what.
    pub(super) fn word<T>(
        &mut self,
        key: &'static str,
        example: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Located<T>> {
        let text = self.string(key, example)?;
        let value = parse(&text.value);
        if value.is_none() {
            self.problems.push(Problem::new(
                text.span.clone(),
                format!("`{key}` {} cannot be {:?}", self.place(), text.value),
                format!("not {expected}"),
                format!("write `{example}`, or take `{key}` out"),
            ));
        }
        value.map(|value| Located { value, span: text.span })
    }

    /// A list of strings.
    pub(super) fn strings(
        &mut self,
        key: &'static str,
        example: &str,
    ) -> Option<Located<Vec<Located<String>>>> {
        let value = self.get(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value, "a list of strings", example);
            return None;
        };
        let mut strings = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => {
                    strings.push(Located { value: text.to_string(), span: item.span() });
                }
                _ => self.wrong_type(key, item, "a list of strings", example),
            }
        }
        Some(Located { value: strings, span: value.span() })
    }

    /// A list of strings that chooses something, and so holds at least one.
    pub(super) fn choice(
        &mut self,
        key: &'static str,
        example: &str,
    ) -> Option<Located<Vec<Located<String>>>> {
        let list = self.strings(key, example)?;
        if self
            .table
            .get(key)
            .and_then(|value| value.get_ref().as_array())
            .is_some_and(|list| list.is_empty())
        {
            self.problems.push(Problem::new(
                list.span.clone(),
                format!("`{key}` {} is an empty list", self.place()),
                "chooses nothing",
                format!("write `{example}`, or take `{key}` out"),
            ));
        }
        Some(list)
    }

    /// A `[table]`.
    pub(super) fn table(&mut self, key: &'static str, example: &str) -> Option<Located<&'t DeTable<'t>>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Located { value: table, span: value.span() }),
            _ => {
                self.wrong_type(key, value, "a table", example);
                None
            }
        }
    }

    /// The tables of a `[[list]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Located<&'t DeTable<'t>>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let example = format!("[[{key}]]");
        let mut tables = Vec::new();
        match value.get_ref() {
            DeValue::Array(items) => {
                for item in items.iter() {
                    match item.get_ref() {
                        DeValue::Table(table) => tables.push(Located { value: table, span: item.span() }),
                        _ => self.wrong_type(key, item, "a list of tables", &example),
                    }
                }
            }
            _ => self.wrong_type(key, value, "a list of tables", &example),
        }
        tables
    }

    /// Reports every key that nobody asked for. `elsewhere` says where a key that stands in the wrong table
    /// belongs.
    pub(super) fn finish(self, elsewhere: impl Fn(&str) -> Option<String>) {
        let place = self.place();
        for (key, _) in self.table.iter() {
            let name = key.get_ref();
            if self.asked.contains(&name.as_ref()) {
                continue;
            }
            let help = elsewhere(name).unwrap_or_else(|| {
                did_you_mean(name, self.asked.iter().copied(), || {
                    format!("{} knows {}", self.name, self.asked.join(", "))
                })
            });
            self.problems.push(Problem::new(
                key.span(),
                format!("unknown key `{name}` {place}"),
                "not a key of this table",
                help,
            ));
        }
    }
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
