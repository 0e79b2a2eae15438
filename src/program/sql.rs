//! Room 5, *program*: what a SQL text does, as far as the first words of its statements tell.

/// Whether one of the statements changes the schema. Temporary tables are no schema.
pub(super) fn changes_schema(text: &str) -> bool {
    text.split(';').any(|statement| {
        let mut words = statement
            .lines()
            .map(|line| line.split("--").next().unwrap_or_default())
            .flat_map(str::split_whitespace)
            .map(str::to_ascii_lowercase);
        let first = words.next().unwrap_or_default();
        let second = words.next().unwrap_or_default();
        match first.as_str() {
            "create" => matches!(
                second.as_str(),
                "table"
                    | "index"
                    | "unique"
                    | "schema"
                    | "type"
                    | "extension"
                    | "view"
                    | "materialized"
                    | "trigger"
                    | "function"
                    | "sequence"
                    | "virtual"
                    | "database"
            ),
            "alter" | "drop" => {
                matches!(
                    second.as_str(),
                    "table" | "index" | "schema" | "type" | "view" | "database" | "column"
                )
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::changes_schema;

    #[test]
    fn definitions_change_the_schema_and_queries_do_not() {
        assert!(changes_schema("CREATE TABLE IF NOT EXISTS t (id INT)"));
        assert!(changes_schema("-- the orders\ncreate unique index i on t (id)"));
        assert!(changes_schema("SELECT 1; ALTER TABLE t ADD COLUMN x INT"));
        assert!(!changes_schema("SELECT * FROM create_table"));
        assert!(!changes_schema("CREATE TEMPORARY TABLE t (id INT)"));
        assert!(!changes_schema(""));
    }
}
