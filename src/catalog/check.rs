//! A catalog file's TOML against the tables of the format: unknown keys, wrong shapes and unknown names, each
//! with its place. What the values mean is read elsewhere.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::pattern::PatternError;
use super::schema::{self, CatalogError, Section, Shape, named, nearest};
use super::{ResourceOf, ValueSource};
use crate::location::line_and_column;

/// Finds and collects the mistakes of one file.
pub(super) struct Checker<'a> {
    file: &'a str,
    text: &'a str,
    /// Byte offset and what is wrong there.
    mistakes: Vec<(usize, CatalogError)>,
}

/// A table that was checked against its section.
pub(super) struct Entry<'a> {
    table: &'a DeTable<'a>,
}

impl<'a> Entry<'a> {
    pub(super) fn value(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.get(key)
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.value(key)?.get_ref().as_str()
    }

    pub(super) fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        let list = self.value(key).and_then(|value| value.get_ref().as_array());
        list.into_iter()
            .flat_map(|list| list.iter())
            .filter_map(|item| item.get_ref().as_str())
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.value(key).and_then(|value| value.get_ref().as_bool()).unwrap_or(false)
    }

    pub(super) fn index(&self, key: &str) -> Option<usize> {
        index_of(self.value(key)?.get_ref())
    }

    pub(super) fn source(&self, key: &str) -> Option<ValueSource> {
        match self.text(key) {
            Some(_) => Some(ValueSource::Receiver),
            None => self.index(key).map(ValueSource::Argument),
        }
    }

    pub(super) fn one_of<T: for<'de> serde::Deserialize<'de>>(&self, key: &str) -> Option<T> {
        named(self.text(key)?)
    }
}

impl<'a> Checker<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, mistakes: Vec::new() }
    }

    /// The first mistake in the order of the text; of several at one place the one met first.
    pub(super) fn first_mistake(self) -> Option<CatalogError> {
        self.mistakes.into_iter().min_by_key(|(offset, _)| *offset).map(|(_, error)| error)
    }

    pub(super) fn mistake(&mut self, span: Range<usize>, message: String) {
        self.mistake_like(span, message, None);
    }

    fn mistake_like(&mut self, span: Range<usize>, message: String, suggestion: Option<String>) {
        let (line, column) = line_and_column(self.text, span.start);
        let error = CatalogError { file: self.file.to_owned(), line, column, message, suggestion };
        self.mistakes.push((span.start, error));
    }

    /// A mistake at an offset inside a quoted text.
    pub(super) fn mistake_inside(&mut self, value: &Spanned<DeValue<'_>>, error: PatternError) {
        let quote = self.text[value.span()].chars().take_while(|letter| matches!(letter, '"' | '\'')).count();
        // Only in a text without escapes do offsets in the value and in the file agree.
        let plain = value.get_ref().as_str().is_some_and(|text| text.len() + 2 * quote == value.span().len());
        let start = if plain { value.span().start + quote + error.offset } else { value.span().start };
        self.mistake(start..start, error.message);
    }

    /// Checks a table's keys and the shapes of their values.
    pub(super) fn check<'t>(
        &mut self,
        table: &'t DeTable<'t>,
        span: Range<usize>,
        section: &'static Section,
    ) -> Entry<'t> {
        for (name, value) in table {
            match section.key(name.get_ref()) {
                Some(key) => self.check_value(name.get_ref(), value, key.shape),
                None => {
                    let message = format!("unknown key `{}` in {}", name.get_ref(), section.name);
                    self.mistake_like(name.span(), message, nearest(name.get_ref(), section.names()));
                }
            }
        }
        for name in section.required {
            if !table.contains_key(*name) {
                self.mistake(span.clone(), format!("{} needs the key `{name}`", section.name));
            }
        }
        if !section.exactly_one.is_empty() {
            let present = section.exactly_one.iter().filter(|name| table.contains_key(**name)).count();
            if present != 1 {
                let names = section.exactly_one.join("`, `");
                self.mistake(span, format!("{} needs exactly one of the keys `{names}`", section.name));
            }
        }
        Entry { table }
    }

    fn check_value(&mut self, name: &str, value: &Spanned<DeValue<'_>>, shape: Shape) {
        let inner = value.get_ref();
        let text = inner.as_str().filter(|text| !text.is_empty());
        let expected = match shape {
            Shape::Text | Shape::Versions | Shape::Items | Shape::Type if text.is_none() => "a text",
            Shape::Resource => match text.map(resource) {
                None => "a text",
                Some(None) => "a driver such as \"postgres\", \"$0\" or \"address-scheme\"",
                Some(Some(_)) => return,
            },
            Shape::Texts
                if !inner.as_array().is_some_and(|list| list.iter().all(|item| item.get_ref().is_str())) =>
            {
                "a list of texts"
            }
            Shape::Flag if !inner.is_bool() => "true or false",
            Shape::Index if index_of(inner).is_none() => "the index of an argument",
            Shape::Source if index_of(inner).is_none() && text != Some("receiver") => {
                "the index of an argument or \"receiver\""
            }
            Shape::Entries(_)
                if !inner
                    .as_array()
                    .is_some_and(|list| list.iter().all(|item| item.get_ref().is_table())) =>
            {
                "a list of tables"
            }
            Shape::OneOf(names) => match text {
                Some(text) if names().contains(&text) => return,
                Some(text) => {
                    let message = format!("unknown {name} `{text}`");
                    return self.mistake_like(value.span(), message, nearest(text, names().iter().copied()));
                }
                None => "a name",
            },
            _ => return,
        };
        self.mistake(value.span(), format!("`{name}` must be {expected}"));
    }

    /// The tables of a list, checked.
    pub(super) fn entries<'t>(&mut self, file: &Entry<'t>, list: &str) -> Vec<Entry<'t>> {
        let Some(Shape::Entries(section)) = schema::FILE.key(list).map(|key| key.shape) else {
            return Vec::new();
        };
        let items = file.value(list).and_then(|value| value.get_ref().as_array());
        let tables = items.into_iter().flat_map(|items| items.iter());
        tables
            .filter_map(|item| Some((item.get_ref().as_table()?, item.span())))
            .map(|(table, span)| self.check(table, span, section))
            .collect()
    }
}

/// Reads the value of `resource`; `None` when it is not one.
pub(super) fn resource(text: &str) -> Option<ResourceOf> {
    if text == "address-scheme" {
        return Some(ResourceOf::AddressScheme);
    }
    if let Some(number) = text.strip_prefix('$') {
        return number.parse().ok().map(ResourceOf::Argument);
    }
    let is_name =
        text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    is_name.then(|| ResourceOf::Driver(text.to_owned()))
}

fn index_of(value: &DeValue<'_>) -> Option<usize> {
    let number = value.as_integer()?;
    usize::from_str_radix(number.as_str(), number.radix()).ok()
}
