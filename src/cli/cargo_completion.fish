
# `cargo initpath …` is completed as well, beside whatever else completes cargo.
function __fish_cargo_completes_initpath
    contains -- initpath (commandline --tokenize --current-process --cut-at-cursor)
end

function __fish_cargo_initpath_behind_cargo
    set --local words (commandline --tokenize --current-process --cut-at-cursor)
    set --erase words[1..(contains --index -- initpath $words)]
    set --local typed (commandline --current-token --cut-at-cursor)
    complete --do-complete (string join ' ' -- cargo-initpath (string escape -- $words) "$typed")
end

complete --command cargo --no-files --condition __fish_cargo_completes_initpath --arguments '(__fish_cargo_initpath_behind_cargo)'
