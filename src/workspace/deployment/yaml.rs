//! Room 2, *workspace*: YAML as a tree with places. The only file that knows the YAML parser. It must not fail as a whole:
//! documents before a mistake are kept.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, Span as Place};

use crate::location::Span;

/// Mappings and sequences may lie this deep in each other. Manifests need a tenth of it.
const DEEPEST: usize = 128;

/// The documents of a file.
pub(super) struct Documents {
    /// Their contents.
    pub(super) nodes: Vec<Node>,
    /// Nodes that others refer to, by number.
    anchors: BTreeMap<usize, Node>,
    /// The mistake that ended reading: line, column, what.
    pub(super) mistake: Option<(u32, u32, String)>,
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) value: Value,
}

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// Refers to a node with an anchor.
    Alias(usize),
}

/// A mapping or sequence that is not closed yet.
struct Open {
    anchor: usize,
    span: Span,
    is_map: bool,
    children: Vec<Node>,
}

impl Documents {
    /// Reads all documents of a text. Linear in its size.
    pub(super) fn read(text: &str) -> Self {
        let mut documents = Self { nodes: Vec::new(), anchors: BTreeMap::new(), mistake: None };
        let mut open: Vec<Open> = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, place) = match event {
                Ok(event) => event,
                Err(error) => {
                    let marker = error.marker();
                    let (line, column) = (count(marker.line()), count(marker.col() + 1));
                    documents.mistake = Some((line, column, error.info().to_owned()));
                    break;
                }
            };
            let span = span_of(place);
            let node = match event {
                Event::Scalar(text, _, anchor, _) => {
                    documents.finished(anchor, Node { span, value: Value::Text(text.into_owned()) })
                }
                Event::Alias(anchor) => Node { span, value: Value::Alias(anchor) },
                Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                    if open.len() >= DEEPEST {
                        let mistake = "values lie too deep in each other".to_owned();
                        documents.mistake = Some((span.line, span.column, mistake));
                        break;
                    }
                    let is_map = matches!(event, Event::MappingStart(..));
                    open.push(Open { anchor, span, is_map, children: Vec::new() });
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let Some(closed) = open.pop() else { continue };
                    let anchor = closed.anchor;
                    documents.finished(anchor, closed.close(span))
                }
                _ => continue,
            };
            match open.last_mut() {
                Some(around) => around.children.push(node),
                None => documents.nodes.push(node),
            }
        }
        documents
    }

    fn finished(&mut self, anchor: usize, node: Node) -> Node {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        node
    }

    /// A node, or the one that it refers to.
    pub(super) fn resolved<'n>(&'n self, node: &'n Node) -> &'n Node {
        match node.value {
            Value::Alias(anchor) => self.anchors.get(&anchor).unwrap_or(node),
            _ => node,
        }
    }

    /// The value under a key of a mapping.
    pub(super) fn get<'n>(&'n self, node: &'n Node, key: &str) -> Option<&'n Node> {
        let Value::Map(entries) = &self.resolved(node).value else { return None };
        let (_, value) = entries.iter().find(|(name, _)| name.text() == Some(key))?;
        Some(self.resolved(value))
    }

    /// The value under a path of keys.
    pub(super) fn at<'n>(&'n self, node: &'n Node, path: &[&str]) -> Option<&'n Node> {
        path.iter().try_fold(node, |node, key| self.get(node, key))
    }

    /// The entries of a mapping.
    pub(super) fn children<'n>(&'n self, node: &'n Node) -> Vec<(&'n str, &'n Node)> {
        let Value::Map(entries) = &self.resolved(node).value else { return Vec::new() };
        entries.iter().filter_map(|(key, value)| Some((key.text()?, self.resolved(value)))).collect()
    }

    /// Every entry of every mapping in the documents, each once where it is written.
    pub(super) fn entries(&self) -> Vec<(&str, &Node)> {
        self.nodes.iter().flat_map(|node| self.below(node)).collect()
    }

    /// Every entry of every mapping in a node, each once where it is written.
    pub(super) fn below<'n>(&'n self, node: &'n Node) -> Vec<(&'n str, &'n Node)> {
        let mut found = Vec::new();
        let mut pending: Vec<&Node> = vec![node];
        while let Some(node) = pending.pop() {
            match &node.value {
                Value::List(items) => pending.extend(items.iter().rev()),
                Value::Map(entries) => {
                    for (key, value) in entries {
                        found.extend(key.text().map(|key| (key, self.resolved(value))));
                    }
                    pending.extend(entries.iter().rev().map(|(_, value)| value));
                }
                Value::Text(_) | Value::Alias(_) => {}
            }
        }
        found
    }
}

impl Open {
    fn close(self, end: Span) -> Node {
        let span = Span { end_line: end.end_line, end_column: end.end_column, ..self.span };
        let value = if self.is_map {
            let mut entries = Vec::new();
            let mut children = self.children.into_iter();
            while let (Some(key), Some(value)) = (children.next(), children.next()) {
                entries.push((key, value));
            }
            Value::Map(entries)
        } else {
            Value::List(self.children)
        };
        Node { span, value }
    }
}

impl Node {
    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar, or the texts of a list with spaces between.
    pub(super) fn words(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) => Some(text.clone()),
            Value::List(items) => Some(items.iter().filter_map(Self::text).collect::<Vec<_>>().join(" ")),
            _ => None,
        }
    }
}

fn span_of(place: Place) -> Span {
    Span {
        line: count(place.start.line()),
        column: count(place.start.col() + 1),
        end_line: count(place.end.line()),
        end_column: count(place.end.col() + 1),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
