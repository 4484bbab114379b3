# The assets, sources and calendars of the folder that one is in.
_pricestash_words() {
    local answer line word words=()
    answer=$("${1/#\~/$HOME}" completions bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null) || return 1
    while IFS= read -r line; do
        word=${line%%$'\t'*}
        [[ $word == *[!-A-Za-z0-9_.,:^=+/@%]* ]] && printf -v word %q "$word"
        [[ -n $word ]] && words+=("$word")
    done <<<"$answer"
    COMPREPLY=(${words[@]+"${words[@]}"})
    # No files in their place.
    compopt +o bashdefault +o default 2>/dev/null
    [[ ${COMPREPLY[0]-} == *: ]] && compopt -o nospace 2>/dev/null
    return 0
}

