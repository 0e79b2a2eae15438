//! Room 5, *program*: branches, and what they test.

use std::sync::Arc;

use super::super::types::Ty;
use super::super::values::Value;
use super::patterns::{asks_more, presence};
use super::walk::{Typed, Walk};
use super::{Atom, BlockId, CallId, Context, ContextId, ContextKind, EventKind, LinkedBody};
use crate::facts::{Arm, BinaryOp, ExprId, ExprKind, Pat};

impl Walk<'_, '_> {
    pub(super) fn if_else(&mut self, condition: ExprId, then: ExprId, otherwise: Option<ExprId>) -> Typed {
        let scope = self.locals.len();
        let atoms = self.condition(condition);
        let branch = self.new_branch();
        self.emit_branch(branch, atoms, self.body.expr(condition).span);
        let (first, first_diverges) = self.arm(branch, 0, |walk| walk.expr(then));
        self.locals.truncate(scope);
        let (second, second_diverges) = match otherwise {
            Some(otherwise) => self.arm(branch, 1, |walk| walk.expr(otherwise)),
            None => (Typed::unit(), false),
        };
        self.diverged |= first_diverges && second_diverges;
        self.given_by_branch(branch, vec![(first, first_diverges), (second, second_diverges)])
    }

    /// Walks a condition, binding the names of its `let`s, and tells what it tests. Arm 0 is taken when it holds.
    pub(super) fn condition(&mut self, id: ExprId) -> Vec<Atom> {
        let body = self.body;
        match &body.expr(id).kind {
            ExprKind::Binary { op: BinaryOp::And, left, right } => {
                let mut atoms = self.condition(*left);
                let branch = self.new_branch();
                self.emit_branch(branch, atoms.clone(), body.expr(*left).span);
                let diverged = self.diverged;
                let outer = self.enter(ContextKind::Arm { branch, arm: 0, diverges: false, breaks: false });
                // The names that it binds are there for what the condition decides.
                atoms.extend(self.condition(*right));
                self.context = outer;
                self.diverged = diverged;
                // When one part fails the others may hold: only arm 0 is certain.
                atoms.iter_mut().flat_map(Atom::arms).for_each(|arms| arms.retain(|arm| *arm == 0));
                atoms
            }
            ExprKind::Binary { op: BinaryOp::Or, left, right } => {
                let mut atoms = self.condition(*left);
                let branch = self.new_branch();
                self.arm(branch, 0, |walk| {
                    atoms.extend(walk.condition(*right));
                    Typed::unit()
                });
                // When one part holds the others may fail: only arm 1 is certain.
                atoms.iter_mut().flat_map(Atom::arms).for_each(|arms| arms.retain(|arm| *arm == 1));
                atoms
            }
            ExprKind::Not(inner) => {
                let mut atoms = self.condition(*inner);
                let arms = atoms.iter_mut().flat_map(Atom::arms);
                arms.flatten().for_each(|arm| *arm = u32::from(*arm == 0));
                atoms
            }
            ExprKind::Let(condition) => {
                let value = self.expr(condition.value);
                let atoms = self.pattern_atoms(&condition.pat, &value.value);
                self.bind(&condition.pat, &value, true);
                atoms
            }
            _ => {
                let tested = self.expr(id);
                match tested.value {
                    Value::Unknown => Vec::new(),
                    value => vec![Atom { value, if_true: vec![0], if_false: vec![1] }],
                }
            }
        }
    }

    pub(super) fn match_arms(&mut self, scrutinee: ExprId, arms: &[Arm]) -> Typed {
        let input = self.expr(scrutinee);
        let branch = self.new_branch();
        let arms_of = |wanted: bool| -> Vec<u32> {
            let exact = |index: &usize| presence(&arms[*index].pat) == Some(wanted);
            let mut list: Vec<u32> = (0..arms.len()).filter(exact).map(|index| index as u32).collect();
            // A final `_` takes what no other arm names.
            let opposite = arms.iter().any(|arm| {
                presence(&arm.pat) == Some(!wanted) && arm.guard.is_none() && !asks_more(&arm.pat)
            });
            if opposite && let Some(rest) = arms.iter().position(|arm| matches!(arm.pat, Pat::Wild)) {
                list.push(rest as u32);
            }
            list
        };
        let tests = arms.iter().any(|arm| presence(&arm.pat).is_some());
        if tests && input.value != Value::Unknown {
            let atom = Atom { value: input.value.clone(), if_true: arms_of(true), if_false: arms_of(false) };
            self.emit_branch(branch, vec![atom], self.body.expr(scrutinee).span);
        }
        if !tests {
            self.decided_by(&input.value);
        }
        let mut results = Vec::with_capacity(arms.len());
        for (index, arm) in arms.iter().enumerate() {
            let result = self.arm(branch, index as u32, |walk| {
                walk.bind(&arm.pat, &input, true);
                if let Some(guard) = arm.guard {
                    walk.condition(guard);
                }
                walk.expr(arm.body)
            });
            results.push(result);
        }
        if !results.is_empty() && results.iter().all(|(_, diverges)| *diverges) {
            self.diverged = true;
        }
        self.given_by_branch(branch, results)
    }

    /// Walks a statement of which nobody takes the value, and notes what its branches leave behind.
    pub(super) fn branches_of_statement(&mut self, walk: impl FnOnce(&mut Self) -> Typed) -> Typed {
        let (from, assigned, variables) = (self.out.contexts.len(), self.assigned.len(), self.locals.len());
        let typed = walk(self);
        // Who assigns a variable of the arm's own tells nobody.
        let assigned: Vec<ContextId> = self.assigned[assigned..]
            .iter()
            .filter(|(_, variable)| variable.is_none_or(|variable| variable < variables))
            .map(|(context, _)| *context)
            .collect();
        let mut around = vec![self.context];
        for index in from..self.out.contexts.len() {
            let Context { parent, kind } = &self.out.contexts[index];
            let (true, ContextKind::Arm { .. } | ContextKind::Loop(_)) =
                (parent.is_some_and(|parent| around.contains(&parent)), kind)
            else {
                continue;
            };
            around.push(ContextId(index as u32));
            let ContextKind::Arm { branch, .. } = *kind else { continue };
            let is_of_statement = *parent == Some(self.context);
            if self.out.has_assigning_arm(branch, &assigned) {
                self.out.forgotten_branches.remove(&branch);
                self.out.telling_branches.insert(branch);
            } else if is_of_statement || !self.out.telling_branches.contains(&branch) {
                self.out.telling_branches.remove(&branch);
                self.out.forgotten_branches.insert(branch);
            }
        }
        typed
    }

    /// The value of a branch; notes where it is known to be one.
    fn given_by_branch(&mut self, branch: u32, arms: Vec<(Typed, bool)>) -> Typed {
        let given = join(arms);
        if !matches!(given.ty, Ty::Unknown | Ty::Never) && given.ty != Ty::unit() {
            self.out.telling_branches.insert(branch);
        }
        given
    }

    /// What a comparison tests. `x.load() == false` tests like `!x.load()`, and so does `x.load() == 0`; a number of things is tested
    /// for there being none (`count == 0`, `count < 1`) or some (`count > 0`).
    pub(super) fn compared(&self, op: BinaryOp, left: &Value, right: &Value) -> Value {
        let (tested, known, op) = match (left, right) {
            (tested, known @ (Value::Bool(_) | Value::Number(_))) => (tested, known, op),
            (known @ (Value::Bool(_) | Value::Number(_)), tested) => (tested, known, turned_round(op)),
            _ => return Value::Unknown,
        };
        let present_when = match (op, known) {
            (BinaryOp::Eq, Value::Bool(flag)) => *flag,
            (BinaryOp::Ne, Value::Bool(flag)) => !flag,
            (BinaryOp::Eq | BinaryOp::LessOrEqual, Value::Number(0)) => false,
            (BinaryOp::Ne | BinaryOp::Greater, Value::Number(0)) => true,
            (BinaryOp::Less, Value::Number(1)) => false,
            (BinaryOp::GreaterOrEqual, Value::Number(1)) => true,
            _ => return Value::Unknown,
        };
        let of_flag = |call: &CallId| self.out.claims(*call).is_some();
        match tested {
            Value::Test { .. } => Value::test(tested.clone(), present_when),
            // What a flag was before it was changed.
            Value::Call(call) if of_flag(call) => Value::test(tested.clone(), present_when),
            // Whether there are any is whether there is one.
            Value::Call(_) | Value::Field(..) | Value::Content(_) if matches!(known, Value::Number(_)) => {
                Value::test(Value::Element(Arc::new(tested.clone())), present_when)
            }
            _ if matches!(known, Value::Number(_)) => Value::Unknown,
            other if present_when => other.clone(),
            other => Value::test(other.clone(), false),
        }
    }

    /// A task that is waited for.
    pub(super) fn joined(&mut self, call: super::CallId) {
        self.emit(EventKind::Join(call));
    }
}

impl LinkedBody<'_> {
    /// Whether one of some contexts is in an arm of a branch.
    fn has_assigning_arm(&self, branch: u32, assigned: &[ContextId]) -> bool {
        assigned.iter().any(|context| self.arms(*context).any(|(own, _, _)| own == branch))
    }

    /// The closures and async blocks around a context, from the inside out.
    pub(in crate::program) fn blocks_around(&self, context: ContextId) -> impl Iterator<Item = BlockId> {
        self.outwards(context).filter_map(|context| match context.kind {
            ContextKind::Block(block) => Some(block),
            _ => None,
        })
    }

    /// Whether a context is in an arm of a branch, with no closure or async block in between.
    pub(in crate::program) fn is_directly_in(&self, context: ContextId, branch: u32, arm: u32) -> bool {
        let mut around =
            self.outwards(context).take_while(|context| !matches!(context.kind, ContextKind::Block(_)));
        around.any(|context| match context.kind {
            ContextKind::Arm { branch: own, arm: taken, .. } => (own, taken) == (branch, arm),
            _ => false,
        })
    }

    /// Whether the second call is made only where what the first one gives is not there, as far as a branch asks:
    /// `if pool.is_none() { pool = Some(connect()?) }`.
    pub fn only_if_missing(&self, first: CallId, second: CallId) -> bool {
        let arms: Vec<(u32, u32, ContextId)> = self.arms(self.call(second).context).collect();
        self.all_events().any(|event| {
            let EventKind::Branch(branching) = &event.kind else { return false };
            branching.atoms.iter().any(|atom| {
                let Value::Test { place, .. } = &atom.value else { return false };
                let absent = atom.arms_when(false);
                let decides = |(branch, arm, _): &(u32, u32, ContextId)| {
                    *branch == branching.branch && absent.contains(arm)
                };
                arms.iter().any(decides) && place.contains(&Value::Call(first))
            })
        })
    }
}

/// The comparison that says the same with its sides exchanged.
fn turned_round(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessOrEqual => BinaryOp::GreaterOrEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterOrEqual => BinaryOp::LessOrEqual,
        same => same,
    }
}

/// The value of a branch: what its arms give that do not leave.
pub(super) fn join(arms: Vec<(Typed, bool)>) -> Typed {
    let mut ty = Ty::Unknown;
    let mut values = Vec::new();
    for (typed, diverges) in arms {
        if diverges {
            continue;
        }
        if matches!(ty, Ty::Unknown) {
            ty = typed.ty;
        }
        values.push(typed.value);
    }
    Typed::new(ty, Value::choice(values))
}
