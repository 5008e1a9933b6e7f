/** bash splits words at colons too, and would offer `docker:web` after `docker:` as a whole once more. */
const BASH = `_tsnet_shoot() {
  local line=\${COMP_LINE:0:COMP_POINT} words cur
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  cur=\${words[-1]}
  mapfile -t COMPREPLY < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
  if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
    COMPREPLY=("\${COMPREPLY[@]#"\${cur%"\${cur##*:}"}"}")
  fi
}
complete -o default -F _tsnet_shoot tsnet-shoot
`

const ZSH = `#compdef tsnet-shoot
_tsnet_shoot() {
  local -a candidates
  candidates=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${candidates[1]}" ]]; then compadd -a candidates; else _files; fi
}
if [[ "$funcstack[1]" == _tsnet-shoot ]]; then _tsnet_shoot "$@"; else compdef _tsnet_shoot tsnet-shoot; fi
`

const FISH = `complete -c tsnet-shoot -a '(tsnet-shoot __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`

/** Shell → what it has to read. Each asks the program: nothing in here goes out of date. */
export const COMPLETION_SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
