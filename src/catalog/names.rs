//! Names that belong to no library file: what Rust code can say without importing it.

/// Names in scope everywhere, with their canonical paths. Resolving them is the linker's business.
pub const PRELUDE: &[(&str, &str)] = &[
    ("AsRef", "std::convert::AsRef"),
    ("Box", "std::boxed::Box"),
    ("Clone", "std::clone::Clone"),
    ("Default", "std::default::Default"),
    ("Drop", "std::ops::Drop"),
    ("Err", "std::result::Result::Err"),
    ("From", "std::convert::From"),
    ("Future", "std::future::Future"),
    ("Into", "std::convert::Into"),
    ("IntoFuture", "std::future::IntoFuture"),
    ("IntoIterator", "std::iter::IntoIterator"),
    ("Iterator", "std::iter::Iterator"),
    ("None", "std::option::Option::None"),
    ("Ok", "std::result::Result::Ok"),
    ("Option", "std::option::Option"),
    ("Result", "std::result::Result"),
    ("Some", "std::option::Option::Some"),
    ("String", "std::string::String"),
    ("ToOwned", "std::borrow::ToOwned"),
    ("ToString", "std::string::ToString"),
    ("TryFrom", "std::convert::TryFrom"),
    ("TryInto", "std::convert::TryInto"),
    ("Vec", "std::vec::Vec"),
    ("drop", "std::mem::drop"),
];
