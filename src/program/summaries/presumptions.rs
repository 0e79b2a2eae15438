//! Room 5, *program*: effects that only happen where a caller chooses one type.

use super::{Collector, Effect, LONGEST_PATH, Presumption};
use crate::facts::Name;
use crate::program::bodies::Call;
use crate::program::items::{Container, FnId};
use crate::program::types::{Ty, TypeKey, key_of};
use crate::program::values::Value;

impl Collector<'_, '_, '_> {
    /// What an effect of a callee presumes here and whether it is certain; `None` when the call chooses another type.
    pub(super) fn presumed(&self, effect: &Effect, call: &Call<'_>) -> Option<(Option<Presumption>, bool)> {
        let Some(presumption) = &effect.presumes else { return Some((None, effect.certain)) };
        let generics = call.choice().into_iter().flat_map(|choice| &choice.generics);
        let chosen = generics.clone().find(|(param, _)| *param == presumption.param);
        let Some((_, chosen)) = chosen else { return Some((None, false)) };
        let left_open =
            |param: Name| Some((Some(Presumption { param, ..presumption.clone() }), presumption.certain));
        let mut current = chosen.clone();
        let mut of_workspace = false;
        for _ in 0..LONGEST_PATH {
            match &current {
                Ty::Param(param) => return left_open(param.clone()),
                Ty::Bounds(_) => {
                    // The caller hands on what it was given itself.
                    let given =
                        presumption.param.strip_prefix('#').and_then(|index| index.parse::<usize>().ok());
                    let given = given.and_then(|index| call.args.get(index)).map(|argument| &argument.value);
                    return match given {
                        Some(Value::Param(index)) => left_open(Name::new(format!("#{index}"))),
                        _ => Some((None, false)),
                    };
                }
                _ => {}
            }
            if key_of(&current).as_ref() == Some(&presumption.ty) {
                return Some((None, presumption.certain));
            }
            of_workspace |= matches!(current, Ty::Adt(..));
            match self.summarizer.types.deref(&current) {
                Some(next) => current = next,
                None => break,
            }
        }
        if of_workspace { None } else { Some((None, false)) }
    }

    /// Which type an implementation is for, where a call leaves it to the callers which one is called.
    pub(super) fn choice_of(&self, target: FnId, call: &Call<'_>) -> Option<(Name, TypeKey)> {
        let through = call.choice()?.through.clone()?;
        let types = self.summarizer.types;
        match types.items.functions[target.index()].container {
            Container::Impl(block) => Some((through, key_of(types.impl_type(block))?)),
            _ => None,
        }
    }
}
