
    # The assets, sources and calendars of the folder that one is in.
    $ErrorActionPreference = 'Continue'
    $typed = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    $last = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition })[-1]
    if ($last.Extent.EndOffset -lt $cursorPosition) { $typed += '' }
    $current = $typed[-1]
    $before = @($typed | Select-Object -Skip 1 | Select-Object -SkipLast 1)
    $code, $encoding = $global:LASTEXITCODE, [Console]::OutputEncoding
    try {
        [Console]::OutputEncoding = [Text.Encoding]::UTF8
        # The plus sign, because Windows PowerShell leaves out an argument that is empty.
        $answer = @(& $commandAst.CommandElements[0].Extent.Text completions powershell -- $before "+$current" 2>$null)
        $isOurs = $LASTEXITCODE -eq 0
    } catch {
        $isOurs = $false
    } finally {
        [Console]::OutputEncoding = $encoding
        $global:LASTEXITCODE = $code
    }
    if ($isOurs) {
        # Of a list only what stands behind the last comma is replaced.
        $kept = if ($current.EndsWith($wordToComplete)) { $current.Length - $wordToComplete.Length } else { 0 }
        return $answer | Where-Object { $_ } | ForEach-Object {
            $word, $says = $_ -split "`t", 2
            $word = $word.Substring($kept)
            $quoted = if ($word -match '^[\w.^=+:/-]+$') { $word } else { "'" + $word.Replace("'", "''") + "'" }
            [CompletionResult]::new($quoted, $word, [CompletionResultType]::ParameterValue, $(if ($says) { $says } else { $word }))
        }
    }
