# The assets, sources and calendars of the folder that one is in.
_pricestash_words() {
    local answer line
    local -a found shown space
    answer=$("${(Q)~words[1]}" completions zsh -- "${(@Q)words[2,CURRENT]}" 2>/dev/null </dev/null) || return 1
    for line in "${(@f)answer}"; do
        [[ -n $line ]] || continue
        found+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  }")
    done
    [[ ${found[1]-} == *: ]] && space=(-S '')
    compadd -l "${space[@]}" -d shown -a found
    return 0
}

