
# `cargo initpath …` is completed as well. Everything else of cargo is left to the function that completed it before.
_cargo__initpath__of_cargo() {
    local at
    # A toolchain and flags of cargo may stand before the command.
    for (( at = 1; at < COMP_CWORD; at++ )); do
        [[ "${COMP_WORDS[at]}" == [+-]* ]] || break
    done
    if (( at < COMP_CWORD )) && [[ "${COMP_WORDS[at]}" == initpath ]]; then
        local -a behind=( "${COMP_WORDS[@]:at+1}" )
        local -a COMP_WORDS=( cargo-initpath "${behind[@]}" )
        local COMP_CWORD=$(( COMP_CWORD - at ))
        _cargo__initpath cargo-initpath "$2" "$3"
    elif [[ -n "$_cargo__initpath__before" ]]; then
        "$_cargo__initpath__before" "$@"
    fi
}

# Completions that are loaded at their first use are not there yet.
if ! complete -p cargo &> /dev/null; then
    if declare -F _comp_load &> /dev/null; then
        _comp_load -- cargo &> /dev/null
    elif declare -F _completion_loader &> /dev/null; then
        _completion_loader cargo &> /dev/null
    fi
fi
_cargo__initpath__found="$(complete -p cargo 2> /dev/null | sed -n 's/.*-F \([^ ]*\) .*/\1/p')"
if [[ "$_cargo__initpath__found" != _cargo__initpath__of_cargo ]]; then
    _cargo__initpath__before="$_cargo__initpath__found"
fi
complete -F _cargo__initpath__of_cargo -o bashdefault -o default cargo
