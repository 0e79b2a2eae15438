//! Room 5, *program*: where a value comes from. A [`Value`] is a term over the parameters of one function; the
//! summaries substitute arguments for parameters, so that an address can be followed down to an environment key.

use std::borrow::Cow;
use std::sync::Arc;

use super::bodies::{BlockId, CallId};
use super::format_strings::FormatString;
use super::items::{AdtId, FnId, StaticId};
use crate::facts::Name;

/// Terms with more nodes become unknown. A configuration with a hundred fields still fits.
const LARGEST: usize = 600;
/// Terms with something unknown in them become unknown when they have more nodes.
const LARGEST_LOST: usize = 40;
/// Places that are further inside a value than this become unknown when they are bound.
const DEEPEST: usize = 200;
/// More alternatives than this that are looked up or computed are as good as unknown.
const MOST_FOUND: usize = 8;
/// Alternatives, parts and pieces beyond this number are not told apart.
const MOST_PARTS: usize = 24;

/// Where a value comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Not known.
    #[default]
    Unknown,
    /// A string in the code.
    Text(Arc<str>),
    /// A number in the code.
    Number(u128),
    /// `true` or `false`.
    Bool(bool),
    /// Parameter n of the function at hand, `self` not counted.
    Param(u32),
    /// `self`.
    Receiver,
    /// A static.
    Static(StaticId),
    /// An environment variable.
    Env(Arc<str>),
    /// A field of a value.
    Field(Arc<Value>, Name),
    /// One of many inside a value: a loop variable, an indexed element.
    Element(Arc<Value>),
    /// The result of a call in the same body.
    Call(CallId),
    /// A closure or async block of the same body.
    Block(BlockId),
    /// A function item.
    Function(FnId),
    /// A struct or variant with the values of its fields.
    Record(AdtId, Option<u32>, Arc<[(Name, Value)]>),
    /// A value with other values in some of its fields.
    With(Arc<Value>, Arc<[(Name, Value)]>),
    /// A value of a workspace type that a library read from outside (a file, the arguments, the environment): the
    /// library's function and what it was given.
    Loaded(AdtId, Arc<str>, Arc<[Value]>),
    /// What an opaque function gives for these arguments (receiver first, if any).
    Origin(Arc<str>, Arc<[Value]>),
    /// What a function of the workspace gives for a receiver and arguments, not worked out yet.
    Apply(FnId, Option<Arc<Value>>, Arc<[Value]>),
    /// The handle made by a creating call, in any function.
    Created(FnId, CallId),
    /// Several values joined to one text.
    Joined(Arc<[Value]>),
    /// One of several.
    Choice(Arc<[Value]>),
    /// What is behind a lock taken by a call.
    Behind(CallId, Arc<Value>),
    /// The optional content of a place, looked up.
    Content(Arc<Value>),
    /// A test of a place: true when its content is present, or when it is absent.
    Test {
        /// The place.
        place: Arc<Value>,
        /// Whether true means present.
        present_when: bool,
    },
}

/// Constant pieces as one text, the later ones in the gaps of the first; `None` when one of them is not constant.
fn filled(parts: &[Value]) -> Option<String> {
    let mut texts = parts.iter().map(|part| match part {
        Value::Text(text) => Some(text.as_ref()),
        _ => None,
    });
    let first = texts.next()??;
    let mut result = String::new();
    match FormatString::parse(first) {
        Some(format) => {
            for (index, piece) in format.pieces.iter().enumerate() {
                if index > 0 {
                    result.push_str(texts.next()??);
                }
                result.push_str(piece);
            }
        }
        None => result.push_str(first),
    }
    for text in texts {
        result.push_str(text?);
    }
    Some(result)
}

impl Value {
    /// A field of this value; a record answers at once.
    pub fn field(&self, name: &Name) -> Self {
        match self {
            Self::Unknown => Self::Unknown,
            Self::Record(_, _, fields) => {
                let found = fields.iter().find(|(field, _)| field == name);
                found.map_or(Self::Unknown, |(_, value)| value.clone())
            }
            Self::With(base, fields) => {
                let found = fields.iter().find(|(field, _)| field == name);
                found.map_or_else(|| base.field(name), |(_, value)| value.clone())
            }
            Self::Choice(list) => Self::choice(list.iter().map(|value| value.field(name)).collect()),
            Self::Content(inner) => inner.field(name),
            // One row of a table: the parts of a tuple have no names, so any of them may be asked for.
            Self::Element(rows) if rows.is_table() => Self::Element(Arc::new(rows.field(name))),
            Self::Text(_) if name.as_str().bytes().all(|byte| byte.is_ascii_digit()) => self.clone(),
            other => Self::Field(Arc::new(other.clone()), name.clone()),
        }
    }

    /// Whether the value is one of several that are written down, or a list of these.
    fn is_table(&self) -> bool {
        match self {
            Self::Choice(_) => true,
            Self::Element(rows) => rows.is_table(),
            _ => false,
        }
    }

    /// This value with another value in a field, or in a field of a field.
    pub fn with(&self, names: &[&Name], value: Self) -> Self {
        let Some((first, rest)) = names.split_first() else { return value };
        let (base, mut fields) = match self {
            Self::With(base, fields) => (Arc::clone(base), fields.to_vec()),
            other => (Arc::new(other.clone()), Vec::new()),
        };
        let inner = self.field(first).with(rest, value);
        fields.retain(|(name, _)| name != *first);
        fields.push(((*first).clone(), inner));
        Self::With(base, fields.into()).bounded()
    }

    /// The value before others were put into its fields.
    pub fn without_changes(&self) -> &Self {
        if let Self::With(base, _) = self { base.without_changes() } else { self }
    }

    /// A test that is true when there is something in a place, or when there is nothing. A test whether another test
    /// holds is one of the same place.
    pub fn test(place: Self, present_when: bool) -> Self {
        match place {
            Self::Test { place, present_when: inner } => {
                Self::Test { place, present_when: inner == present_when }
            }
            Self::Bool(flag) => Self::Bool(flag == present_when),
            Self::Unknown | Self::Number(_) => Self::Unknown,
            place => Self::Test { place: Arc::new(place), present_when },
        }
    }

    /// Several values side by side: the parts of a tuple or an array.
    pub fn parts(list: Vec<Self>) -> Self {
        if list.len() > MOST_PARTS { Self::Unknown } else { Self::Choice(list.into()).bounded() }
    }

    /// Several values joined to one.
    pub fn joined(list: Vec<Self>) -> Self {
        if list.len() > MOST_PARTS { Self::Unknown } else { Self::Joined(list.into()).bounded() }
    }

    /// The texts that this value may be, as far as they are constants: several for a variable that runs over a list. Constants
    /// that are put into a format string take the places of its gaps.
    pub fn texts(&self) -> Vec<Cow<'_, str>> {
        match self {
            Self::Text(text) => vec![Cow::Borrowed(text.as_ref())],
            Self::Choice(list) => list.iter().flat_map(Self::texts).collect(),
            Self::Element(list) => list.texts(),
            Self::Joined(parts) => filled(parts).map(Cow::Owned).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// A text with what is not known of it left open (`PRAGMA user_version = {}`); `None` where it is known, or is none.
    pub fn wording(&self) -> Option<String> {
        let Self::Joined(parts) = self else { return None };
        let Some(Self::Text(format)) = parts.first() else { return None };
        filled(parts)
            .is_none()
            .then(|| FormatString::parse(format))
            .flatten()
            .map(|format| format.pieces.join("{}"))
    }

    /// The value, unless it is too large to be worth following.
    pub fn bounded(self) -> Self {
        if self.is_larger_than(LARGEST) { Self::Unknown } else { self }
    }

    /// The value, unless it is large and not known anyway: what is known of parts of it helps nobody.
    pub fn unless_lost(self) -> Self {
        if !self.is_larger_than(LARGEST_LOST) {
            return self;
        }
        if self.contains(&Self::Unknown) { Self::Unknown } else { self }
    }

    /// One of several; equal alternatives collapse, and alternatives among them are theirs. Among many that are not written in
    /// the code nobody knows which one it is.
    pub fn choice(list: Vec<Self>) -> Self {
        if list.len() > MOST_PARTS {
            return Self::Unknown;
        }
        let mut distinct: Vec<Self> = Vec::new();
        // A failure is no value: what is worked with is what the other ways give.
        let fails = list.iter().filter(|value| value.is_failure()).count();
        let skip_failures = fails > 0 && fails < list.len();
        for value in list {
            let skipped = skip_failures && value.is_failure();
            let alternatives = match &value {
                Self::Choice(inner) => inner,
                one => std::slice::from_ref(one),
            };
            for one in alternatives.iter().filter(|_| !skipped) {
                if !distinct.contains(one) {
                    distinct.push(one.clone());
                }
            }
        }
        let found = |value: &&Self| matches!(value, Self::Field(..) | Self::Element(_) | Self::Origin(..));
        match distinct.len() {
            many if many > MOST_FOUND && distinct.iter().filter(found).count() > MOST_FOUND => Self::Unknown,
            0 => Self::Unknown,
            1 => distinct.remove(0),
            _ => Self::Choice(distinct.into()),
        }
    }

    /// Whether it is `Err(…)` or `None`.
    pub fn is_failure(&self) -> bool {
        matches!(self, Self::Origin(path, _)
            if matches!(&**path, "std::result::Result::Err" | "std::option::Option::None"))
    }

    /// The place a value was read from: without locks and look-ups.
    pub fn place(&self) -> &Self {
        match self {
            Self::Behind(_, inner) => inner.place(),
            Self::Content(inner) => match inner.as_ref() {
                Self::Element(map) => map.place(),
                other => other.place(),
            },
            other => other,
        }
    }

    /// The lock through which the value was reached, the innermost if several.
    pub fn lock(&self) -> Option<CallId> {
        match self {
            Self::Behind(call, _) => Some(*call),
            Self::Content(inner) | Self::Field(inner, _) | Self::Element(inner) => inner.lock(),
            _ => None,
        }
    }

    /// What the place hangs on: a static, `self`, a parameter, ….
    pub fn root(&self) -> &Self {
        match self {
            Self::Field(inner, _) | Self::Element(inner) | Self::Behind(_, inner) | Self::Content(inner) => {
                inner.root()
            }
            other => other,
        }
    }

    /// The term with its direct parts changed, each to what `change` gives for it, if anything; fields and alternatives simplify on
    /// the way. `None` when nothing changes: most terms are constants, and cost no memory then.
    pub fn changed(&self, change: &impl Fn(&Self) -> Option<Self>) -> Option<Self> {
        let in_pointer = |inner: &Arc<Self>| change(inner).map(Arc::new);
        let in_list = |list: &Arc<[Self]>| changed_list(list, change);
        match self {
            Self::Field(inner, name) => change(inner).map(|inner| inner.field(name)),
            Self::Element(inner) => in_pointer(inner).map(Self::Element),
            Self::Behind(call, inner) => in_pointer(inner).map(|inner| Self::Behind(*call, inner)),
            Self::Content(inner) => in_pointer(inner).map(Self::Content),
            Self::Test { place, present_when } => change(place).map(|place| Self::test(place, *present_when)),
            Self::Record(adt, variant, fields) => {
                let field = |(name, part): &(Name, Self)| Some((name.clone(), change(part)?));
                changed_list(fields, field).map(|fields| Self::Record(*adt, *variant, fields))
            }
            Self::With(base, fields) => {
                let field = |(name, part): &(Name, Self)| Some((name.clone(), change(part)?));
                let (own, changed) = (in_pointer(base), changed_list(fields, field));
                (own.is_some() || changed.is_some()).then(|| {
                    let base = own.unwrap_or_else(|| Arc::clone(base));
                    Self::With(base, changed.unwrap_or_else(|| Arc::clone(fields)))
                })
            }
            Self::Origin(path, list) => in_list(list).map(|list| Self::Origin(Arc::clone(path), list)),
            Self::Loaded(adt, path, list) => {
                in_list(list).map(|list| Self::Loaded(*adt, Arc::clone(path), list))
            }
            Self::Joined(list) => in_list(list).map(Self::Joined),
            Self::Choice(list) => in_list(list).map(|list| Self::choice(list.to_vec())),
            Self::Apply(target, receiver, list) => {
                let own = receiver.as_ref().and_then(in_pointer);
                let given = in_list(list);
                (own.is_some() || given.is_some()).then(|| {
                    let receiver = own.or_else(|| receiver.clone());
                    Self::Apply(*target, receiver, given.unwrap_or_else(|| Arc::clone(list)))
                })
            }
            _ => None,
        }
    }

    /// Whether the value or a part of it is as asked. Linear in the value.
    pub fn any(&self, wanted: impl Fn(&Self) -> bool) -> bool {
        let mut found = false;
        self.visit(&mut |part| found |= wanted(part));
        found
    }

    /// Whether the value is another one, or has it as a part. Linear in the value.
    pub fn contains(&self, other: &Self) -> bool {
        self.any(|part| part == other)
    }

    /// Calls `visit` for this value and everything inside it.
    pub fn visit(&self, visit: &mut impl FnMut(&Self)) {
        self.enter(&mut |part| {
            visit(part);
            true
        });
    }

    /// Calls `visit` for this value, and for what is inside each value for which it says so.
    pub fn enter<'v>(&'v self, visit: &mut impl FnMut(&'v Self) -> bool) {
        if !visit(self) {
            return;
        }
        match self {
            Self::Field(inner, _) | Self::Element(inner) | Self::Behind(_, inner) | Self::Content(inner) => {
                inner.enter(visit);
            }
            Self::Test { place, .. } => place.enter(visit),
            Self::Record(_, _, fields) => fields.iter().for_each(|(_, value)| value.enter(visit)),
            Self::With(base, fields) => {
                base.enter(visit);
                fields.iter().for_each(|(_, value)| value.enter(visit));
            }
            Self::Origin(_, list) | Self::Loaded(_, _, list) | Self::Joined(list) | Self::Choice(list) => {
                list.iter().for_each(|value| value.enter(visit));
            }
            Self::Apply(_, receiver, list) => {
                receiver.iter().for_each(|value| value.enter(visit));
                list.iter().for_each(|value| value.enter(visit));
            }
            _ => {}
        }
    }

    /// What the value may be: each of several, or itself.
    pub fn alternatives(&self) -> &[Self] {
        if let Self::Choice(list) = self { list } else { std::slice::from_ref(self) }
    }

    /// Whether the term is a place inside a place, more often than anybody writes it. What walks terms calls itself for each.
    pub fn is_deep(&self) -> bool {
        let (mut inner, mut depth) = (self, 0);
        while let Self::Field(next, _) | Self::Element(next) | Self::Behind(_, next) | Self::Content(next) =
            inner
        {
            (inner, depth) = (next, depth + 1);
        }
        depth > DEEPEST
    }

    /// Whether the term has more than this number of nodes. Looks at no more than that.
    fn is_larger_than(&self, limit: usize) -> bool {
        let mut left = limit;
        !self.count(&mut left)
    }

    /// Takes the number of nodes from `left`; false when it does not suffice.
    fn count(&self, left: &mut usize) -> bool {
        if *left == 0 {
            return false;
        }
        *left -= 1;
        match self {
            Self::Field(inner, _) | Self::Element(inner) | Self::Behind(_, inner) | Self::Content(inner) => {
                inner.count(left)
            }
            Self::Test { place, .. } => place.count(left),
            Self::Record(_, _, fields) => fields.iter().all(|(_, value)| value.count(left)),
            Self::With(base, fields) => base.count(left) && fields.iter().all(|(_, value)| value.count(left)),
            Self::Origin(_, list) | Self::Loaded(_, _, list) | Self::Joined(list) | Self::Choice(list) => {
                list.iter().all(|value| value.count(left))
            }
            Self::Apply(_, receiver, list) => {
                receiver.iter().all(|value| value.count(left)) && list.iter().all(|value| value.count(left))
            }
            _ => true,
        }
    }
}

/// A list with those elements changed for which there is another one; `None` when there is none.
fn changed_list<T: Clone>(list: &[T], change: impl Fn(&T) -> Option<T>) -> Option<Arc<[T]>> {
    let (first, value) = list.iter().enumerate().find_map(|(index, part)| Some((index, change(part)?)))?;
    let before = list[..first].iter().cloned();
    let after = list[first + 1..].iter().map(|part| change(part).unwrap_or_else(|| part.clone()));
    Some(before.chain([value]).chain(after).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(Arc::from(text))
    }

    #[test]
    fn constants_are_one_text_and_a_list_is_several() {
        let format = Value::joined(vec![text("CREATE TABLE {} (id {kind})"), text("orders"), text("INT")]);
        assert_eq!(format.texts(), ["CREATE TABLE orders (id INT)"]);
        assert_eq!(Value::joined(vec![text("CREATE "), text("TABLE t")]).texts(), ["CREATE TABLE t"]);
        let list = Value::Element(Arc::new(Value::parts(vec![text("a"), Value::Unknown, text("b")])));
        assert_eq!(list.texts(), ["a", "b"]);
        assert!(Value::joined(vec![text("SELECT {}"), Value::Param(0)]).texts().is_empty());
    }

    #[test]
    fn only_places_deeper_than_anybody_writes_are_deep() {
        let nested = |depth| (0..depth).fold(Value::Receiver, |place, _| place.field(&Name::new("next")));
        assert!(!nested(DEEPEST).is_deep());
        assert!(nested(DEEPEST + 1).is_deep());
    }

    #[test]
    fn assigned_fields_are_what_was_assigned_and_the_others_stay() {
        let (url, size, host) = (Name::new("url"), Name::new("size"), Name::new("host"));
        let changed = Value::Param(0).with(&[&url], text("one")).with(&[&url], text("two"));
        assert_eq!(changed.field(&url), text("two"));
        assert_eq!(changed.field(&size), Value::Param(0).field(&size));
        assert_eq!(*changed.without_changes(), Value::Param(0));
        let nested = Value::Param(0).with(&[&url, &host], text("db"));
        assert_eq!(nested.field(&url).field(&host), text("db"));
        assert_eq!(nested.field(&url).field(&size), Value::Param(0).field(&url).field(&size));
    }
}
