# Sourced by run and release: which Pythons are here.
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }
find_python() { # prints an interpreter of that version: on the path, or one that pyenv keeps
  local candidate
  for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/python; do
    if [ "$(version_of "$candidate")" = "$1" ]; then echo "$candidate"; return; fi
  done
}
