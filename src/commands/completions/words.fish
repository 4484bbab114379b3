
# The assets, sources and calendars of the folder that one is in.
function __pricestash_words
    set -l before (commandline -opc)
    $before[1] completions fish -- $before[2..-1] (commandline -ct) 2>/dev/null </dev/null
end
complete -c pricestash -n '__pricestash_words >/dev/null' -f -a '(__pricestash_words)'
# What stands behind an option is asked of that option alone.
for option in asset assets calendar source
    complete -c pricestash -n '__pricestash_words >/dev/null' -l $option -r -f -a '(__pricestash_words)'
end
