//! Room 5, *program*: SQL texts as statements of words, and the tables that they define. The only file that knows the SQL parser. It
//! must not guess: a definition that does not parse is said to be unread.

use sqlparser::ast::{AlterTableOperation, Ident, ObjectName, ObjectType, Spanned, Statement};
use sqlparser::dialect::{
    Dialect, DuckDbDialect, GenericDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect,
};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::sql::without_default_schema;
use crate::catalog::{SqlDialect, driver_facts};

/// What a text does to tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TableChanges {
    /// The tables that it creates, in order; temporary ones left out.
    pub(super) created: Vec<TableDefinition>,
    /// The tables that it drops or renames: who creates one of them again means to.
    pub(super) removed: Vec<String>,
    /// Whether it says in which schema names are looked up, or drops a schema: which tables are meant is not known then.
    pub(super) elsewhere: bool,
    /// The first definition that does not parse: line and column from 1, and why.
    pub(super) unread: Option<(u32, u32, String)>,
}

/// A `CREATE TABLE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableDefinition {
    /// The table in lower case, without quotes and without the schema that is the default.
    pub(super) name: String,
    /// Whether it says `IF NOT EXISTS` or `OR REPLACE`.
    pub(super) repeatable: bool,
    /// Where its name stands in the text: line, from 1.
    pub(super) line: u32,
    /// Column, from 1.
    pub(super) column: u32,
}

/// The statements of a text as words: names in lower case and without quotes, with their schema (`public.orders`), and every other
/// sign as it is. Comments are left out, and a string literal is the word `''`. None is empty; there is none where the text has an
/// open quote in every dialect. Linear in the text.
pub(super) fn statements(text: &str) -> Vec<Vec<String>> {
    let tokens =
        dialects("").into_iter().find_map(|dialect| Tokenizer::new(dialect.as_ref(), text).tokenize().ok());
    let tokens = tokens.unwrap_or_default();
    let statements = tokens.split(|token| *token == Token::SemiColon);
    statements.map(|statement| words_of(statement.iter())).filter(|words| !words.is_empty()).collect()
}

/// Whether a statement, as words, says in which schema or database names are looked up, drops a schema, or gives a table to another
/// one.
pub(super) fn looks_elsewhere(words: &[String]) -> bool {
    let second = words.get(1).map(String::as_str);
    match words[0].as_str() {
        "use" | "attach" => true,
        "set" => words.iter().take(4).any(|word| word == "search_path"),
        "drop" => second == Some("schema"),
        "alter" => words.windows(2).any(|pair| pair[0] == "set" && pair[1] == "schema"),
        _ => false,
    }
}

fn words_of<'t>(statement: impl Iterator<Item = &'t Token>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut after_period = false;
    for token in statement {
        let joins = std::mem::take(&mut after_period);
        match token {
            Token::Whitespace(_) => {}
            Token::Period => after_period = true,
            Token::Word(word) => match words.last_mut().filter(|_| joins) {
                Some(before) => {
                    before.push('.');
                    before.push_str(&word.value.to_lowercase());
                }
                None => words.push(word.value.to_lowercase()),
            },
            Token::SingleQuotedString(_) | Token::DollarQuotedString(_) | Token::EscapedStringLiteral(_) => {
                words.push("''".to_owned());
            }
            other => words.push(other.to_string()),
        }
    }
    words
}

/// Statements deeper than this are not written by people.
const DEEPEST: usize = 60;

/// What a text does to tables, in the dialect of a driver (of all of them, where it is not known). Linear in the text; the parser is
/// only asked about statements that create, alter or drop.
pub(super) fn changes(text: &str, driver: &str) -> TableChanges {
    let mut best: Option<TableChanges> = None;
    for dialect in dialects(driver) {
        let found = changes_in(text, dialect.as_ref());
        if found.unread.is_none() {
            return found;
        }
        best = best.or(Some(found));
    }
    best.unwrap_or_default()
}

/// The dialect of a driver's database first, then those that others borrow from.
fn dialects(driver: &str) -> Vec<Box<dyn Dialect>> {
    match driver_facts(driver).dialect {
        SqlDialect::Postgres => vec![Box::new(PostgreSqlDialect {}), Box::new(GenericDialect {})],
        SqlDialect::MySql => vec![Box::new(MySqlDialect {}), Box::new(GenericDialect {})],
        SqlDialect::Sqlite => vec![Box::new(SQLiteDialect {}), Box::new(GenericDialect {})],
        SqlDialect::DuckDb => vec![Box::new(DuckDbDialect {}), Box::new(GenericDialect {})],
        SqlDialect::Unknown => vec![
            Box::new(PostgreSqlDialect {}),
            Box::new(SQLiteDialect {}),
            Box::new(MySqlDialect {}),
            Box::new(GenericDialect {}),
        ],
    }
}

fn changes_in(text: &str, dialect: &dyn Dialect) -> TableChanges {
    let mut found = TableChanges::default();
    let tokens = match Tokenizer::new(dialect, text).tokenize_with_location() {
        Ok(tokens) => tokens,
        Err(error) => {
            let at = (error.location.line as u32, error.location.column as u32);
            found.unread = Some((at.0, at.1, error.message));
            return found;
        }
    };
    for statement in tokens.split(|token| token.token == Token::SemiColon) {
        let words = words_of(statement.iter().map(|token| &token.token));
        let Some(first) = words.first().map(String::as_str) else { continue };
        if looks_elsewhere(&words) {
            found.elsewhere = true;
            continue;
        }
        let says = |wanted: &str| words.iter().any(|word| word == wanted);
        let about_table = words[1..].iter().take(4).any(|word| word == "table");
        let may_matter = match first {
            "create" | "drop" => about_table,
            // An altered table is the same one, unless it gets another name.
            "alter" => about_table && says("rename"),
            _ => false,
        };
        if may_matter {
            read(statement, &words, dialect, &mut found);
        }
    }
    found
}

fn read(statement: &[TokenWithSpan], words: &[String], dialect: &dyn Dialect, found: &mut TableChanges) {
    let mut parser =
        Parser::new(dialect).with_recursion_limit(DEEPEST).with_tokens_with_locations(statement.to_vec());
    match parser.parse_statement() {
        Ok(Statement::CreateTable(table)) if !table.temporary => {
            found.create(&table.name, table.if_not_exists || table.or_replace);
        }
        Ok(Statement::Drop { object_type: ObjectType::Table, names, .. }) => {
            found.removed.extend(names.iter().map(plain));
        }
        Ok(Statement::AlterTable(table)) => {
            let renames = |operation: &AlterTableOperation| {
                matches!(operation, AlterTableOperation::RenameTable { .. })
            };
            if table.operations.iter().any(renames) {
                found.removed.push(plain(&table.name));
            }
        }
        Ok(_) => {}
        Err(error) => {
            if let Some((name, repeatable)) = name_of_created(statement, words, dialect) {
                found.create(&name, repeatable);
                return;
            }
            let first = statement.iter().find(|token| !matches!(token.token, Token::Whitespace(_)));
            let start = first.map_or(Location::empty(), |first| first.span.start);
            let message = error.to_string();
            let message = message.strip_prefix("sql parser error: ").unwrap_or(&message).to_owned();
            found.unread.get_or_insert((start.line as u32, start.column as u32, message));
        }
    }
}

impl TableChanges {
    /// Adds a table, unless it is temporary by its schema.
    fn create(&mut self, name: &ObjectName, repeatable: bool) {
        let start = name.span().start;
        let plain = plain(name);
        if !plain.starts_with("temp.") && !plain.starts_with("pg_temp.") {
            let (line, column) = (start.line as u32, start.column as u32);
            self.created.push(TableDefinition { name: plain, repeatable, line, column });
        }
    }
}

/// The table that a whole statement creates whose details the parser does not know, and whether it says `IF NOT EXISTS`.
fn name_of_created(
    statement: &[TokenWithSpan],
    words: &[String],
    dialect: &dyn Dialect,
) -> Option<(ObjectName, bool)> {
    let balance = statement.iter().fold(0_i32, |balance, token| match token.token {
        Token::LParen => balance + 1,
        Token::RParen => balance - 1,
        _ => balance,
    });
    let at = words.iter().take(4).position(|word| word == "table")?;
    let temporary = words[..at].iter().any(|word| matches!(word.as_str(), "temp" | "temporary"));
    if balance != 0 || words[0] != "create" || temporary {
        return None;
    }
    let repeatable = words.get(at + 1).is_some_and(|word| word == "if");
    let skipped = at + 1 + if repeatable { 3 } else { 0 };
    let rest: Vec<TokenWithSpan> = statement
        .iter()
        .filter(|token| !matches!(token.token, Token::Whitespace(_)))
        .skip(skipped)
        .cloned()
        .collect();
    let name = Parser::new(dialect).with_tokens_with_locations(rest).parse_object_name(false).ok()?;
    Some((name, repeatable))
}

/// A name in lower case without quotes and without the schema that is meant where there is none.
fn plain(name: &ObjectName) -> String {
    let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(plain_part).collect();
    without_default_schema(&parts.join(".")).to_owned()
}

/// A quoted name that is another one without its quotes keeps them.
fn plain_part(ident: &Ident) -> String {
    let lower = ident.value.to_lowercase();
    match ident.quote_style {
        Some(_) if lower != ident.value || lower.contains('.') => format!("\"{}\"", ident.value),
        _ => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_words_without_comments_and_strings() {
        let text = "-- first;\nSELECT 'a; b' FROM \"Shop\".orders /* ; */ WHERE id = $1; DROP TABLE t";
        let shown: Vec<String> = statements(text).iter().map(|words| words.join(" ")).collect();
        assert_eq!(shown, ["select '' from shop.orders where id = $1", "drop table t"]);
        assert_eq!(statements("SELECT `a` FROM `t`").len(), 1);
        assert!(statements("SELECT 'open").is_empty());
        assert!(statements("").is_empty());
    }

    fn created(text: &str, driver: &str) -> Vec<String> {
        let shown = |table: TableDefinition| {
            let mark = if table.repeatable { "?" } else { "" };
            format!("{}{mark} {}:{}", table.name, table.line, table.column)
        };
        changes(text, driver).created.into_iter().map(shown).collect()
    }

    #[test]
    fn tables_are_named_with_their_place() {
        let text = "-- the shop's\nCREATE TABLE public.\"orders\" (id INT, note TEXT DEFAULT ';');\n  create table if not exists items(id int);";
        assert_eq!(created(text, "postgres"), ["orders 2:14", "items? 3:30"]);
        assert_eq!(created("CREATE TEMPORARY TABLE t (id INT)", "sqlite"), Vec::<String>::new());
        assert_eq!(created("SELECT 'CREATE TABLE t (id INT)'", "sqlite"), Vec::<String>::new());
        assert_eq!(
            created("CREATE TABLE IF NOT EXISTS `a`.`t` (id INT) ENGINE=InnoDB", "mysql"),
            ["a.t? 1:28"]
        );
        assert_eq!(
            created("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT", "sqlite"),
            ["t 1:14"]
        );
    }

    #[test]
    fn what_is_dropped_or_renamed_is_told() {
        let text = "DROP TABLE IF EXISTS a, b; ALTER TABLE c RENAME TO d; ALTER TABLE e ADD COLUMN x INT";
        assert_eq!(changes(text, "sqlite").removed, ["a", "b", "c"]);
    }

    #[test]
    fn half_a_statement_and_templates_are_unread_and_others_are_read_all_the_same() {
        let found = changes("CREATE TABLE t (id INT", "postgres");
        assert!(found.created.is_empty() && found.unread.is_some(), "{found:?}");
        let found = changes("CREATE TABLE {{ name }} (id INT);\nCREATE TABLE u (id INT);", "postgres");
        assert_eq!(found.created.len(), 1);
        assert_eq!(found.unread.map(|(line, column, _)| (line, column)), Some((1, 1)));
        assert!(changes("CREATE TABLE t (note TEXT DEFAULT 'x", "postgres").unread.is_some());
        let deep = format!("CREATE TABLE t (id INT CHECK ({}1{}))", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(changes(&deep, "postgres").created.len(), 1, "its name is known all the same");
    }

    #[test]
    fn details_that_the_parser_does_not_know_leave_the_name() {
        let fts = "CREATE VIRTUAL TABLE IF NOT EXISTS f USING fts5(a, tokenize = \"porter\")";
        let found = changes(fts, "sqlite");
        assert_eq!((found.created[0].name.as_str(), found.created[0].repeatable), ("f", true));
        assert!(found.unread.is_none());
        assert!(changes("CREATE TABLE b (LIKE a INCLUDING ALL)", "postgres").unread.is_none());
    }

    #[test]
    fn other_schemas_and_temporary_tables_are_not_mixed_up() {
        assert!(changes("SET search_path TO app; CREATE TABLE t (id INT)", "postgres").elsewhere);
        assert!(changes("DROP SCHEMA public CASCADE", "postgres").elsewhere);
        assert!(changes("ALTER TABLE t SET SCHEMA archive", "postgres").elsewhere);
        assert_eq!(created("CREATE TABLE temp.t (id INT)", "sqlite"), Vec::<String>::new());
        assert_eq!(created("CREATE TABLE \"Orders\" (id INT)", "postgres"), ["\"Orders\" 1:14"]);
    }

    #[test]
    fn bodies_of_triggers_and_other_dialects_are_no_tables() {
        let trigger = "CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO b VALUES (1); END; CREATE TABLE c (id INT);";
        assert_eq!(created(trigger, "sqlite"), ["c 1:86"]);
        assert_eq!(created("CREATE TABLE t (id INT IDENTITY(1,1))", "unknown").len(), 1);
    }
}
