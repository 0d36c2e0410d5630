# For the scripts here, with `here` and `work` set: makes `python`, an environment with other people's implementations.
bash "$here/../setup.sh" python3-venv
python="$work/venv/bin/python"
# An environment that was interrupted while it was made is made anew.
"$python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$work/venv"
"$python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
