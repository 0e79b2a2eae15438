//! Rewrites that keep what a program means: every bad example of the category `check-then-init` must be found after each
//! of them, and every good one must stay silent. They are done on syntax trees; `cargo test --test guarded_rewrites --
//! --nocapture` prints the table.

#[allow(dead_code, reason = "other tests use the rest of the parser")]
mod pages;
mod renaming;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use initpath::analysis::{Settings, analyse};
use initpath::catalog::Catalog;
use initpath::finding::Confidence;
use initpath::workspace::in_memory;
use pages::Example;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use rayon::prelude::*;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    Block, Expr, Fields, File, FnArg, Ident, ImplItem, Item, ItemFn, Local, Pat, Stmt, Type, parse_quote,
};

/// Path and text of each file.
type Files = Vec<(String, String)>;

/// A rewrite of one file; it leaves alone what it does not apply to.
type Rewrite = fn(&mut File);

/// The rewrites of one file each.
const REWRITES: [(&str, Rewrite); 22] = [
    ("`if` as `match`", |file| IfAsMatch.visit_file_mut(file)),
    ("`match` as `if let`", |file| MatchAsIfLet.visit_file_mut(file)),
    ("`let else` as `match`", |file| LetElseAsMatch.visit_file_mut(file)),
    ("`is_none` as `matches!`", |file| AsMatches.visit_file_mut(file)),
    ("early return as `else`", |file| EarlyReturnAsElse.visit_file_mut(file)),
    ("branch as early return", |file| BranchAsEarlyReturn.visit_file_mut(file)),
    ("inverted condition", |file| Invert.visit_file_mut(file)),
    ("yoda order", |file| Yoda.visit_file_mut(file)),
    ("condition bound to a name", |file| NameConditions.visit_file_mut(file)),
    ("check in a helper", |file| Extract::of(What::Check).rewrite(file)),
    ("write in a helper", |file| Extract::of(What::Write).rewrite(file)),
    ("both in another module", both_in_another_module),
    ("cell as a parameter", cell_as_parameter),
    ("alias import", alias_imports),
    ("type alias", type_aliases),
    ("wrapper type", wrapper_types),
    ("closure", |file| Closures.visit_file_mut(file)),
    ("`async` block", |file| AsyncBlocks.visit_file_mut(file)),
    ("named guard", |file| NamedGuards.visit_file_mut(file)),
    ("extra block", |file| ExtraBlocks.visit_file_mut(file)),
    ("`?` as `match`", |file| QuestionAsMatch.visit_file_mut(file)),
    ("associated call", associated_calls),
];

/// Room for the examples that one thread has begun.
const STACK_BYTES: usize = 256 << 20;

/// What a rewrite of an example does to its meaning, or what the tool does not follow: rewrite, page, heading, reason.
/// Each is told on the page under `Known limits`.
const EXCEPTIONS: &[(&str, &str, &str, &str)] = &[
    (
        "condition bound to a name",
        "check-then-init",
        "Opened again where it is broken",
        "what a name stands for that is bound to several tests at once is not known",
    ),
    (
        "cell as a parameter",
        "check-then-init",
        "Filled by the second part of the condition",
        "that the parameter is the static which the helper fills is known to the caller alone",
    ),
    (
        "cell as a parameter",
        "check-then-init",
        "Filled until it is full",
        "that the parameter is the static which the helper fills is known to the caller alone",
    ),
];

#[test]
fn bad_examples_are_found_and_good_ones_silent_whatever_way_they_are_written() {
    let category = category();
    let examples: Vec<Example> =
        pages::all_page_examples().into_iter().filter(|example| category.contains(&example.page)).collect();
    // A thread that waits for an analysis takes up the next example, on the same stack.
    let threads = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES).build();
    let judged: Vec<Judged<'_>> = threads
        .expect("threads can be started")
        .install(|| examples.par_iter().flat_map(|example| judge(example, &category)).collect());
    let failures: Vec<&Judged<'_>> = judged.iter().filter(|judged| judged.complaint.is_some()).collect();
    let mut table: BTreeMap<(usize, &str), [usize; 3]> = BTreeMap::new();
    for judged in &judged {
        let row = table.entry((judged.at, judged.rewrite.as_str())).or_default();
        row[usize::from(!judged.example.bad)] += 1;
        row[2] += usize::from(judged.complaint.is_some());
    }
    let mut text = format!("{:28} {:>4} {:>5} {:>10}\n", "rewrite", "bad", "good", "not as was");
    for ((_, name), [bad, good, failed]) in &table {
        let _ = writeln!(text, "{name:28} {bad:4} {good:5} {failed:10}");
    }
    let listed = |judged: &&&Judged<'_>| EXCEPTIONS.iter().any(|exception| judged.is(exception));
    let unlisted: Vec<&&Judged<'_>> = failures.iter().filter(|judged| !listed(judged)).collect();
    for Judged { rewrite, example, complaint, .. } in &unlisted {
        let complaint = complaint.as_deref().unwrap_or_default();
        let _ = writeln!(text, "--- {rewrite}: {} / {}: {complaint}", example.page, example.heading);
    }
    #[expect(clippy::print_stdout, reason = "the table is for whoever asks for it")]
    {
        println!("{text}");
    }
    let stale = EXCEPTIONS.iter().filter(|exception| !failures.iter().any(|judged| judged.is(exception)));
    assert_eq!(stale.count(), 0, "an exception is none any more");
    assert_eq!(unlisted.len(), 0, "some rewritten examples are judged in another way");
    for ((_, name), [bad, good, _]) in &table {
        assert!(bad + good > 0, "{name} applies to no example");
    }
    assert_eq!(table.len(), REWRITES.len() + 2);
}

/// An example after a rewrite that applies to it.
struct Judged<'e> {
    at: usize,
    rewrite: String,
    example: &'e Example,
    /// What is found instead of what should be.
    complaint: Option<String>,
}

impl Judged<'_> {
    fn is(&self, (rewrite, page, heading, _): &(&str, &str, &str, &str)) -> bool {
        *rewrite == self.rewrite && *page == self.example.page && *heading == self.example.heading
    }
}

fn judge<'e>(example: &'e Example, category: &BTreeSet<String>) -> Vec<Judged<'e>> {
    let primary = example.markers.iter().filter(|marker| marker.role.is_none());
    let expected: BTreeSet<String> =
        primary.map(|marker| marker.rule.clone()).filter(|rule| category.contains(rule)).collect();
    let applies = rewritten(example).into_iter().enumerate();
    let applies = applies.filter_map(|(at, (rewrite, changed))| Some((at, rewrite, changed?)));
    applies
        .map(|(at, rewrite, changed)| {
            let found = found(&changed, category);
            let complaint = (found != expected).then(|| {
                let code = changed.iter().filter(|(path, _)| path.ends_with(".rs"));
                let code: Vec<&str> = code.map(|(_, text)| text.as_str()).collect();
                format!("expected {expected:?}, found {found:?} in\n{}", code.join("\n"))
            });
            Judged { at, rewrite, example, complaint }
        })
        .collect()
}

/// The rules of the category.
fn category() -> BTreeSet<String> {
    let pages = pages::pages().into_iter();
    pages.filter(|(_, text)| text.contains("\ncategory: check-then-init\n")).map(|(name, _)| name).collect()
}

/// The rules of the category with findings that are shown.
fn found(files: &Files, category: &BTreeSet<String>) -> BTreeSet<String> {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let settings = Settings { threads: Some(1), ..Settings::default() };
    // Only what the example names: reading all of the catalog takes longer than the analysis.
    let known = pages::known_dependencies();
    let named = known.iter().map(|(name, _)| name.as_str()).filter(|name| {
        files.iter().any(|(path, text)| path.ends_with(".rs") && text.contains(&name.replace('-', "_")))
    });
    let catalog = Catalog::for_packages(named, &[]).expect("the catalog has no mistakes");
    let analysis = analyse(in_memory(&files), catalog, &settings);
    assert_eq!(analysis.problems, [], "what was rewritten is still read: {files:#?}");
    let shown = analysis.findings.iter().filter(|finding| finding.confidence >= Confidence::Medium);
    shown.map(|finding| finding.rule.to_owned()).filter(|rule| category.contains(rule)).collect()
}

/// The example after each rewrite; `None` where the rewrite changes nothing in it.
fn rewritten(example: &Example) -> Vec<(String, Option<Files>)> {
    let plain = parsed(example, |_| {});
    let mut list: Vec<(String, Option<Files>)> = REWRITES
        .iter()
        .map(|(name, rewrite)| {
            let changed = parsed(example, rewrite);
            ((*name).to_owned(), (changed != plain).then_some(changed))
        })
        .collect();
    list.push(("renamed names".to_owned(), Some(parsed(example, rename))));
    list.push(("everything in another crate".to_owned(), in_another_crate(example)));
    list
}

fn parsed(example: &Example, rewrite: impl Fn(&mut File)) -> Files {
    let change = |(path, text): &(String, String)| {
        if !path.ends_with(".rs") {
            return (path.clone(), text.clone());
        }
        let mut file = syn::parse_file(text).expect("examples parse");
        rewrite(&mut file);
        (path.clone(), file.into_token_stream().to_string())
    };
    example.files.iter().map(change).collect()
}

/// A library example as a library that another one re-exports.
fn in_another_crate(example: &Example) -> Option<Files> {
    let is_library = example.files.iter().any(|(path, _)| path == "src/lib.rs");
    let is_one = !example.files.iter().any(|(path, _)| path == "src/main.rs" || path.contains("/Cargo.toml"));
    let manifest = &example.files.iter().find(|(path, _)| path == "Cargo.toml")?.1;
    if !is_library || !is_one || !manifest.contains("name = \"example\"") {
        return None;
    }
    let mut files: Files = vec![
        ("Cargo.toml".to_owned(), "[workspace]\nmembers = [\"inner\", \"outer\"]\n".to_owned()),
        (
            "outer/Cargo.toml".to_owned(),
            "[package]\nname = \"outer\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[dependencies]\nexample = { path = \"../inner\" }\n"
                .to_owned(),
        ),
        ("outer/src/lib.rs".to_owned(), "pub use example::*;\n".to_owned()),
    ];
    files.extend(example.files.iter().map(|(path, text)| (format!("inner/{path}"), text.clone())));
    Some(files)
}

/// `if c { a } else { b }` as `match c { true => a, false => b }`. A `let` in the condition keeps its guards alive for
/// another time in a `match`: those are left alone where a lock is taken in them.
struct IfAsMatch;

impl VisitMut for IfAsMatch {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        let Expr::If(branch) = expr else { return };
        let then = &branch.then_branch;
        let otherwise = match &branch.else_branch {
            Some((_, otherwise)) => otherwise.to_token_stream(),
            None => quote!({}),
        };
        *expr = match &*branch.cond {
            Expr::Let(condition) if !locks(&condition.expr) => {
                let (pat, value) = (&condition.pat, &condition.expr);
                parse_quote!(match #value { #pat => #then, _ => #otherwise })
            }
            condition if has_let(condition) || locks(condition) => return,
            condition => parse_quote!(match #condition { true => #then, false => #otherwise }),
        };
    }
}

/// Whether a condition binds names.
fn has_let(condition: &Expr) -> bool {
    struct Finder(bool);
    impl<'ast> Visit<'ast> for Finder {
        fn visit_expr_let(&mut self, _: &'ast syn::ExprLet) {
            self.0 = true;
        }
    }
    let mut finder = Finder(false);
    finder.visit_expr(condition);
    finder.0
}

/// Whether an expression takes a lock whose guard may be a temporary.
fn locks(expr: &Expr) -> bool {
    let text = expr.to_token_stream().to_string();
    [". lock ()", ". read ()", ". write ()"].iter().any(|call| text.contains(call))
}

/// `match e { Some(x) => a, None => b }` as `if let Some(x) = e { a } else { b }`, where no guard is in the scrutinee.
struct MatchAsIfLet;

impl VisitMut for MatchAsIfLet {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        let Expr::Match(matched) = expr else { return };
        let [first, second] = matched.arms.as_slice() else { return };
        let plain = matches!(&second.pat, Pat::Wild(_))
            || second.pat.to_token_stream().to_string() == "None"
            || second.pat.to_token_stream().to_string() == "Err (_)";
        if plain && !matches!(first.pat, Pat::Guard(_)) && !locks(&matched.expr) {
            let (pat, value) = (&first.pat, &matched.expr);
            let (then, otherwise) = (&first.body, &second.body);
            *expr = parse_quote!(if let #pat = #value { #then } else { #otherwise });
        }
    }
}

/// `let P = e else { b };` as `let x = match e { P => x, _ => b };`.
struct LetElseAsMatch;

impl VisitMut for LetElseAsMatch {
    fn visit_local_mut(&mut self, local: &mut Local) {
        visit_mut::visit_local_mut(self, local);
        let Some(init) = &mut local.init else { return };
        let Some((_, otherwise)) = &init.diverge else { return };
        let Pat::TupleStruct(pat) = &local.pat else { return };
        let Some(Pat::Ident(bound)) = pat.elems.first().filter(|_| pat.elems.len() == 1) else { return };
        let (name, value) = (bound.ident.clone(), &init.expr);
        *local = parse_local(quote!(let #name = match #value { #pat => #name, _ => #otherwise };));
    }
}

fn parse_local(tokens: TokenStream) -> Local {
    let block: Block = parse_quote!({ #tokens });
    match block.stmts.into_iter().next() {
        Some(Stmt::Local(local)) => local,
        other => panic!("not a `let`: {other:?}"),
    }
}

/// `x.is_none()` as `matches!(&*x, None)`.
struct AsMatches;

impl VisitMut for AsMatches {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        let Expr::MethodCall(call) = expr else { return };
        let receiver = &call.receiver;
        // What a look-up gives is an `Option` by itself, what a guard or a place gives is behind one.
        let subject = match &**receiver {
            Expr::MethodCall(inner) if inner.method == "get" || inner.method == "load" => quote!(#receiver),
            _ => quote!(*#receiver),
        };
        if call.method == "is_none" {
            *expr = parse_quote!(matches!(#subject, None));
        } else if call.method == "is_some" {
            *expr = parse_quote!(matches!(#subject, Some(_)));
        }
    }
}

/// `if c { return r; } rest` as `if c { return r; } else { rest }`.
struct EarlyReturnAsElse;

impl VisitMut for EarlyReturnAsElse {
    fn visit_block_mut(&mut self, block: &mut Block) {
        visit_mut::visit_block_mut(self, block);
        let leaves = |statement: &Stmt| {
            matches!(statement, Stmt::Expr(Expr::If(branch), _)
                if branch.else_branch.is_none() && returns(&branch.then_branch) && !holds_guard(&branch.cond))
        };
        let Some(at) = block.stmts.iter().position(leaves) else { return };
        let rest = block.stmts.split_off(at + 1);
        if let Some(Stmt::Expr(Expr::If(mut branch), _)) = block.stmts.pop() {
            branch.else_branch = Some((Default::default(), parse_quote!({ #(#rest)* })));
            block.stmts.push(Stmt::Expr(Expr::If(branch), None));
        }
    }
}

/// Whether a condition keeps a guard while its branches run, in some edition.
fn holds_guard(condition: &Expr) -> bool {
    has_let(condition) && locks(condition)
}

fn returns(block: &Block) -> bool {
    matches!(block.stmts.last(), Some(Stmt::Expr(Expr::Return(_), _)))
}

/// `if c { a } Ok(())` at the end of a function as `if !c { return Ok(()); } a Ok(())`.
struct BranchAsEarlyReturn;

impl BranchAsEarlyReturn {
    fn rewrite(block: &mut Block) {
        let [.., Stmt::Expr(Expr::If(branch), _), Stmt::Expr(tail, None)] = block.stmts.as_slice() else {
            return;
        };
        let leaves = tail.to_token_stream().to_string() == "Ok (())";
        if branch.else_branch.is_some() || has_let(&branch.cond) || !leaves {
            return;
        }
        let (branch, tail) = (branch.clone(), tail.clone());
        let condition = &branch.cond;
        block.stmts.truncate(block.stmts.len() - 2);
        block.stmts.push(parse_quote!(if !(#condition) { return #tail; }));
        block.stmts.extend(branch.then_branch.stmts);
        block.stmts.push(Stmt::Expr(tail, None));
    }
}

impl VisitMut for BranchAsEarlyReturn {
    fn visit_item_fn_mut(&mut self, item: &mut ItemFn) {
        Self::rewrite(&mut item.block);
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut syn::ImplItemFn) {
        Self::rewrite(&mut item.block);
    }
}

/// `if c { a } else { b }` as `if !c { b } else { a }`.
struct Invert;

impl VisitMut for Invert {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        let Expr::If(branch) = expr else { return };
        if has_let(&branch.cond) {
            return;
        }
        let condition = match &*branch.cond {
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Not(_)) => unary.expr.to_token_stream(),
            other => quote!(!(#other)),
        };
        let then = &branch.then_branch;
        *expr = match &branch.else_branch {
            Some((_, otherwise)) => match &**otherwise {
                Expr::Block(_) => parse_quote!(if #condition #otherwise else #then),
                nested => parse_quote!(if #condition { #nested } else #then),
            },
            None => parse_quote!(if #condition {} else #then),
        };
    }
}

/// `if x.load(…)` as `if true == x.load(…)`.
struct Yoda;

impl VisitMut for Yoda {
    fn visit_expr_if_mut(&mut self, branch: &mut syn::ExprIf) {
        visit_mut::visit_expr_if_mut(self, branch);
        let condition = &branch.cond;
        match &**condition {
            Expr::MethodCall(_) => branch.cond = parse_quote!(true == #condition),
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Not(_)) => {
                let inner = &unary.expr;
                branch.cond = parse_quote!(false == #inner);
            }
            Expr::Binary(binary) if matches!(binary.op, syn::BinOp::Eq(_)) => {
                let (left, right) = (&binary.left, &binary.right);
                branch.cond = parse_quote!(#right == #left);
            }
            _ => {}
        }
    }
}

/// `if c { … }` as `let condition = c; if condition { … }`.
struct NameConditions;

impl VisitMut for NameConditions {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        let Expr::If(branch) = expr else { return };
        if has_let(&branch.cond) {
            return;
        }
        let condition = &branch.cond;
        let mut named = branch.clone();
        named.cond = parse_quote!(condition);
        *expr = parse_quote!({ let condition = #condition; #named });
    }
}

/// Which part of a function goes to a function of its own.
#[derive(Clone, Copy, PartialEq)]
enum What {
    /// Conditions.
    Check,
    /// Writes of flags.
    Write,
}

/// Moves conditions or writes that only need `self` and statics to functions of their own.
struct Extract {
    what: What,
    made: Vec<TokenStream>,
    in_method: bool,
}

impl Extract {
    fn of(what: What) -> Self {
        Self { what, made: Vec::new(), in_method: false }
    }

    fn rewrite(mut self, file: &mut File) {
        for item in &mut file.items {
            if let Item::Impl(block) = item
                && block.trait_.is_none()
            {
                self.in_method = true;
                for inner in &mut block.items {
                    if let ImplItem::Fn(method) = inner
                        && method
                            .sig
                            .inputs
                            .iter()
                            .any(|input| input.to_token_stream().to_string() == "& self")
                    {
                        self.visit_block_mut(&mut method.block);
                    }
                }
                for made in std::mem::take(&mut self.made) {
                    block.items.push(syn::parse2(made).expect("a method"));
                }
            }
        }
        self.in_method = false;
        for item in &mut file.items {
            if let Item::Fn(function) = item {
                self.visit_block_mut(&mut function.block);
            }
        }
        for made in std::mem::take(&mut self.made) {
            file.items.push(syn::parse2(made).expect("a function"));
        }
    }

    /// Whether an expression names nothing but `self`, statics, types and functions.
    fn stands_alone(&self, expr: &Expr) -> bool {
        struct Names(Vec<Ident>);
        impl<'ast> Visit<'ast> for Names {
            fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
                if let Some(name) = path.path.get_ident() {
                    self.0.push(name.clone());
                }
            }
            fn visit_macro(&mut self, _: &'ast syn::Macro) {
                self.0.push(format_ident!("unknown"));
            }
        }
        let mut names = Names(Vec::new());
        names.visit_expr(expr);
        let fine = |name: &Ident| {
            let text = name.to_string();
            (text == "self" && self.in_method) || text.starts_with(char::is_uppercase)
        };
        !names.0.is_empty() && names.0.iter().all(fine) && !expr.to_token_stream().to_string().contains('?')
    }

    /// A function with the expression as its body, and the call of it.
    fn place(&mut self, expr: &Expr, output: TokenStream) -> Expr {
        let name = format_ident!("extracted_{}", self.made.len());
        let awaits = expr.to_token_stream().to_string().contains(". await");
        let (prefix, suffix) = if awaits { (quote!(async), quote!(.await)) } else { (quote!(), quote!()) };
        if self.in_method {
            self.made.push(quote!(#prefix fn #name(&self) #output { #expr }));
            parse_quote!(self.#name() #suffix)
        } else {
            self.made.push(quote!(#prefix fn #name() #output { #expr }));
            parse_quote!(#name() #suffix)
        }
    }
}

impl VisitMut for Extract {
    fn visit_expr_if_mut(&mut self, branch: &mut syn::ExprIf) {
        visit_mut::visit_expr_if_mut(self, branch);
        if self.what == What::Check
            && !has_let(&branch.cond)
            && is_test(&branch.cond)
            && self.stands_alone(&branch.cond)
        {
            *branch.cond = self.place(&branch.cond.clone(), quote!(-> bool));
        }
    }

    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        visit_mut::visit_stmt_mut(self, statement);
        if let Stmt::Expr(expr @ Expr::MethodCall(_), Some(_)) = statement
            && self.what == What::Write
            && matches!(&*expr, Expr::MethodCall(call) if call.method == "store")
            && self.stands_alone(expr)
        {
            let placed = self.place(&expr.clone(), quote!());
            *expr = placed;
        }
    }
}

/// Whether a condition only looks: what changes a flag while looking at it is no check.
fn is_test(condition: &Expr) -> bool {
    let text = condition.to_token_stream().to_string();
    !["swap", "compare_exchange", "fetch_", "exists", "execute"].iter().any(|word| text.contains(word))
}

/// Functions and methods in a module of their own.
fn both_in_another_module(file: &mut File) {
    let (mut moved, mut kept): (Vec<Item>, Vec<Item>) = (Vec::new(), Vec::new());
    for item in std::mem::take(&mut file.items) {
        match item {
            Item::Impl(block) if block.trait_.is_none() => moved.push(Item::Impl(block)),
            Item::Fn(mut function) if function.attrs.is_empty() && function.sig.ident != "main" => {
                function.vis = parse_quote!(pub);
                moved.push(Item::Fn(function));
            }
            other => kept.push(other),
        }
    }
    for item in &mut moved {
        let Item::Impl(block) = item else { continue };
        for inner in &mut block.items {
            if let ImplItem::Fn(method) = inner {
                method.vis = parse_quote!(pub);
            }
        }
    }
    if !moved.is_empty() {
        kept.push(parse_quote!(mod moved { use super::*; #(#moved)* }));
        kept.push(parse_quote!(
            pub use moved::*;
        ));
    }
    file.items = kept;
}

/// A free function that uses one static of the file as one that is given it.
fn cell_as_parameter(file: &mut File) {
    let statics: Vec<(Ident, Type)> = file
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Static(item) if !matches!(item.mutability, syn::StaticMutability::Mut(_)) => {
                Some((item.ident.clone(), (*item.ty).clone()))
            }
            _ => None,
        })
        .collect();
    let items = std::mem::take(&mut file.items);
    file.items = items
        .into_iter()
        .flat_map(|item| {
            let Item::Fn(whole) = item else { return vec![item] };
            let text = whole.block.to_token_stream().to_string();
            let used: Vec<&(Ident, Type)> =
                statics.iter().filter(|(name, _)| mentions(&text, name)).collect();
            let names: Option<Vec<Ident>> = whole.sig.inputs.iter().map(parameter).collect();
            let plain =
                whole.attrs.is_empty() && whole.sig.ident != "main" && whole.sig.generics.params.is_empty();
            let (Some(names), true, [_, ..]) =
                (names.filter(|_| plain), !text.contains("macro"), used.as_slice())
            else {
                return vec![Item::Fn(whole)];
            };
            let inner_name = format_ident!("{}_with", whole.sig.ident);
            let mut inner = whole.clone();
            inner.sig.ident = inner_name.clone();
            inner.vis = syn::Visibility::Inherited;
            for (name, ty) in &used {
                let lower = format_ident!("{}_cell", name.to_string().to_lowercase());
                inner.sig.inputs.push(parse_quote!(#lower: &'static #ty));
                Rename(vec![(name.clone(), lower)]).visit_block_mut(&mut inner.block);
            }
            let cells = used.iter().map(|(name, _)| quote!(&#name));
            let mut outer = whole;
            let awaited = outer.sig.asyncness.is_some().then(|| quote!(.await));
            outer.block = parse_quote!({ #inner_name(#(#names,)* #(#cells),*) #awaited });
            vec![Item::Fn(outer), Item::Fn(inner)]
        })
        .collect();
}

fn parameter(input: &FnArg) -> Option<Ident> {
    match input {
        FnArg::Typed(param) => match &*param.pat {
            Pat::Ident(bound) => Some(bound.ident.clone()),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
}

fn mentions(text: &str, name: &Ident) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| name == word)
}

/// Every type that is imported by name under another name.
fn alias_imports(file: &mut File) {
    struct Imports(Vec<(Ident, Ident)>);
    impl VisitMut for Imports {
        fn visit_use_tree_mut(&mut self, tree: &mut syn::UseTree) {
            visit_mut::visit_use_tree_mut(self, tree);
            let syn::UseTree::Name(name) = tree else { return };
            let text = name.ident.to_string();
            // A trait is used by its methods; attributes and derives name what they need themselves.
            let is_type = text.starts_with(char::is_uppercase) && !text.ends_with("Ext") && text != "Parser";
            if is_type {
                let alias = format_ident!("{text}Alias");
                self.0.push((name.ident.clone(), alias.clone()));
                let ident = &name.ident;
                *tree = parse_quote!(#ident as #alias);
            }
        }
    }
    let mut imports = Imports(Vec::new());
    imports.visit_file_mut(file);
    for item in &mut file.items {
        if !matches!(item, Item::Use(_)) {
            Rename(imports.0.clone()).visit_item_mut(item);
        }
    }
}

/// The types of statics and fields by other names.
fn type_aliases(file: &mut File) {
    let mut aliases: Vec<Item> = Vec::new();
    let mut alias = |ty: &mut Type| {
        let name = format_ident!("Alias{}", aliases.len());
        aliases.push(parse_quote!(pub type #name = #ty;));
        *ty = parse_quote!(#name);
    };
    for item in &mut file.items {
        match item {
            Item::Static(item) => alias(&mut item.ty),
            Item::Struct(item) if item.generics.params.is_empty() => {
                item.fields.iter_mut().for_each(|field| alias(&mut field.ty));
            }
            _ => {}
        }
    }
    file.items.extend(aliases);
}

/// The fields of the file's structs in a type of one field.
fn wrapper_types(file: &mut File) {
    struct Wrap(Vec<Ident>);
    impl VisitMut for Wrap {
        fn visit_expr_mut(&mut self, expr: &mut Expr) {
            visit_mut::visit_expr_mut(self, expr);
            if let Expr::Field(field) = expr
                && let syn::Member::Named(name) = &field.member
                && self.0.contains(name)
            {
                *expr = parse_quote!(#expr.0);
            }
        }
        fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
            visit_mut::visit_field_value_mut(self, field);
            if let syn::Member::Named(name) = &field.member
                && self.0.contains(name)
            {
                let value = &field.expr;
                field.expr = parse_quote!(Wrapped(#value));
                field.colon_token = Some(Default::default());
            }
        }
    }
    let mut names = Vec::new();
    for item in &mut file.items {
        let Item::Struct(item) = item else { continue };
        let Fields::Named(fields) = &mut item.fields else { continue };
        for field in &mut fields.named {
            let ty = &field.ty;
            let text = ty.to_token_stream().to_string();
            if ["Lock", "Mutex", "Atomic", "Once", "Map"].iter().any(|part| text.contains(part)) {
                names.extend(field.ident.clone());
                field.ty = parse_quote!(Wrapped<#ty>);
            }
        }
    }
    if !names.is_empty() {
        Wrap(names).visit_file_mut(file);
        file.items.push(parse_quote!(
            #[derive(Clone, Default)]
            pub struct Wrapped<T>(pub T);
        ));
    }
}

/// `let x = f(a);` as `let make = || f(a); let x = make();`.
struct Closures;

impl VisitMut for Closures {
    fn visit_block_mut(&mut self, block: &mut Block) {
        visit_mut::visit_block_mut(self, block);
        for statement in &mut block.stmts {
            if let Stmt::Local(local) = statement
                && let Some(init) = &mut local.init
                && init.diverge.is_none()
                && let Expr::Try(tried) = &mut *init.expr
                && matches!(&*tried.expr, Expr::Call(_))
                && !tried.expr.to_token_stream().to_string().contains(". await")
            {
                let made = &tried.expr;
                tried.expr = parse_quote!({ let make = || #made; make() });
            }
        }
    }
}

/// `f(a).await` as `async { f(a).await }.await`, guards left alone.
struct AsyncBlocks;

impl VisitMut for AsyncBlocks {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if let Expr::Await(awaited) = expr
            && matches!(&*awaited.base, Expr::Call(_))
        {
            *expr = parse_quote!(async { #expr }.await);
        }
    }
}

/// `*x.write() = v;` as `{ let mut slot = x.write(); *slot = v; }`.
struct NamedGuards;

impl VisitMut for NamedGuards {
    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        visit_mut::visit_stmt_mut(self, statement);
        if let Stmt::Expr(Expr::Assign(assign), Some(_)) = statement
            && let Expr::Unary(place) = &*assign.left
            && locks(&place.expr)
        {
            let (lock, value) = (&place.expr, &assign.right);
            *statement = parse_quote!({ let value = #value; let mut slot = #lock; *slot = value; });
        }
    }
}

/// A block around each body.
struct ExtraBlocks;

impl VisitMut for ExtraBlocks {
    fn visit_item_fn_mut(&mut self, item: &mut ItemFn) {
        let block = &item.block;
        item.block = parse_quote!({ { #block } });
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut syn::ImplItemFn) {
        let block = &item.block;
        item.block = parse_quote!({ { #block } });
    }

    fn visit_expr_if_mut(&mut self, branch: &mut syn::ExprIf) {
        visit_mut::visit_expr_if_mut(self, branch);
        let then = &branch.then_branch;
        branch.then_branch = parse_quote!({ #then });
    }
}

/// `e?` as a `match` that returns the error.
struct QuestionAsMatch;

impl VisitMut for QuestionAsMatch {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        if let Expr::Try(tried) = expr
            && !tried.expr.to_token_stream().to_string().contains("ok ()")
        {
            let inner = &tried.expr;
            *expr = parse_quote!(match #inner { Ok(value) => value, Err(error) => return Err(error.into()) });
        }
    }
}

/// `flag.load(…)` as `AtomicBool::load(&flag, …)`, `cell.get()` as `OnceLock::get(&cell)`.
fn associated_calls(file: &mut File) {
    struct Calls(Vec<(&'static str, &'static [&'static str])>);
    impl VisitMut for Calls {
        fn visit_expr_mut(&mut self, expr: &mut Expr) {
            visit_mut::visit_expr_mut(self, expr);
            let Expr::MethodCall(call) = expr else { return };
            let owner = self.0.iter().find(|(_, methods)| methods.iter().any(|method| call.method == method));
            if let Some((owner, _)) = owner {
                let owner = format_ident!("{owner}");
                let (receiver, method, args) = (&call.receiver, &call.method, &call.args);
                *expr = parse_quote!(#owner::#method(&#receiver, #args));
            }
        }
    }
    const ATOMIC: &[&str] = &["load", "store", "swap", "compare_exchange"];
    const CELL: &[&str] = &["get", "set"];
    let text = file.to_token_stream().to_string();
    let mut known = Vec::new();
    if text.contains("AtomicBool") && !text.contains("AtomicUsize") && !text.contains("ArcSwap") {
        known.push(("AtomicBool", ATOMIC));
    }
    if text.contains("static") && !text.contains("Map") {
        let cells = ["OnceLock", "OnceCell"].into_iter().filter(|name| text.contains(name));
        known.extend(cells.map(|name| (name, CELL)));
    }
    Calls(known).visit_file_mut(file);
}

/// Variables, parameters and free functions under other names.
fn rename(file: &mut File) {
    struct Bound(Vec<Ident>);
    impl<'ast> Visit<'ast> for Bound {
        fn visit_local(&mut self, local: &'ast Local) {
            let pat = match &local.pat {
                Pat::Type(typed) => &*typed.pat,
                other => other,
            };
            if let Pat::Ident(bound) = pat {
                self.0.push(bound.ident.clone());
            }
            visit::visit_local(self, local);
        }
        fn visit_item_fn(&mut self, item: &'ast ItemFn) {
            if item.attrs.is_empty() && item.sig.ident != "main" {
                self.0.push(item.sig.ident.clone());
            }
            visit::visit_item_fn(self, item);
        }
        fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
            self.0.push(item.ident.clone());
        }
    }
    let mut bound = Bound(Vec::new());
    bound.visit_file(file);
    // Names inside texts are variables, and a file may use what another one declares.
    let text = file.to_token_stream().to_string();
    let taken = |name: &Ident| {
        text.contains(&format!("{{{name}"))
            || text.contains(&format!(". {name}"))
            || text.contains(&format!("mod {name}"))
            || text.contains("super ::")
            || text.contains("crate ::")
            || text.contains(&format!("pub fn {name}"))
            || text.contains(&format!("pub async fn {name}"))
            || text.contains(&format!("pub static {name}"))
    };
    let names: Vec<Ident> = bound.0.into_iter().filter(|name| !taken(name)).collect();
    let pairs = names.into_iter().map(|name| {
        let renamed = match name.to_string().starts_with(char::is_uppercase) {
            true => format_ident!("{name}_RENAMED"),
            false => format_ident!("{name}_renamed"),
        };
        (name, renamed)
    });
    Rename(pairs.collect()).visit_file_mut(file);
}

/// Gives names other ones, wherever they stand alone or begin a path.
struct Rename(Vec<(Ident, Ident)>);

impl Rename {
    fn renamed(&self, ident: &Ident) -> Option<Ident> {
        self.0.iter().find(|(name, _)| name == ident).map(|(_, renamed)| renamed.clone())
    }
}

impl VisitMut for Rename {
    fn visit_pat_ident_mut(&mut self, pat: &mut syn::PatIdent) {
        if let Some(renamed) = self.renamed(&pat.ident) {
            pat.ident = renamed;
        }
    }

    fn visit_item_fn_mut(&mut self, item: &mut ItemFn) {
        if let Some(renamed) = self.renamed(&item.sig.ident) {
            item.sig.ident = renamed;
        }
        visit_mut::visit_item_fn_mut(self, item);
    }

    fn visit_item_static_mut(&mut self, item: &mut syn::ItemStatic) {
        if let Some(renamed) = self.renamed(&item.ident) {
            item.ident = renamed;
        }
        visit_mut::visit_item_static_mut(self, item);
    }

    fn visit_field_pat_mut(&mut self, field: &mut syn::FieldPat) {
        renaming::spell_out(&mut field.colon_token);
        visit_mut::visit_field_pat_mut(self, field);
    }

    fn visit_field_value_mut(&mut self, field: &mut syn::FieldValue) {
        renaming::spell_out(&mut field.colon_token);
        visit_mut::visit_field_value_mut(self, field);
    }

    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        if let Some(first) = path.segments.first_mut()
            && let Some(renamed) = self.renamed(&first.ident)
        {
            first.ident = renamed;
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_macro_mut(&mut self, call: &mut syn::Macro) {
        call.tokens = renaming::in_tokens(std::mem::take(&mut call.tokens), &|ident| self.renamed(ident));
    }
}
