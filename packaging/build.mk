# How `sam build` makes the functions and layers: no Docker, any Python ≥ 3.11 with pip, the same result on every machine.
# SAM runs a target in a copy of the resource's source folder and says in ARTIFACTS_DIR where the result belongs. It does
# not say for which processor; the folder of the Makefile that includes this file does (MACHINE).
ROOT := $(dir $(lastword $(MAKEFILE_LIST)))..
# Debian's own Python comes without pip; the environment that SAM was installed into has one.
PYTHONS = python3.13 python3.12 python3.11 python3 $(ROOT)/.venv-sam/bin/python $(ROOT)/.venv/bin/python
PYTHON_WITH_PIP = $(firstword $(foreach name,$(PYTHONS),$(shell $(name) -c "import pip; print('$(name)')" 2>/dev/null)))
# Lambda's python3.13 runs on Amazon Linux 2023 (glibc 2.34); pip takes no other platform tags than those it is told.
PLATFORMS = $(foreach tag,manylinux_2_34 manylinux_2_28 manylinux_2_17 manylinux2014,--platform $(tag)_$(MACHINE))

# Bytecode halves the time a cold start spends importing. Unchecked: the times in a zip are not those of the sources.
# Only a 3.13 can write what Lambda's 3.13 reads.
compile = if python3.13 -c "" 2>/dev/null; \
	then python3.13 -m compileall -q -j 0 --invalidation-mode unchecked-hash -s "$(ARTIFACTS_DIR)" -p $(1) "$(ARTIFACTS_DIR)"; \
	else echo "$@: no python3.13 here, so no bytecode is packed; cold starts import about twice as long"; fi

build-%Function:
	@cp ./*.py "$(ARTIFACTS_DIR)"
	@$(call compile,/var/task)

build-CoreLayer:
	@cp -R python "$(ARTIFACTS_DIR)"
	@find "$(ARTIFACTS_DIR)" -name __pycache__ -prune -exec rm -rf {} +
	@$(call compile,/opt)

build-VendorLayer:
	@test -n "$(PYTHON_WITH_PIP)" || { echo "no Python with pip here: try \`make build\`, which makes one" >&2; exit 1; }
	@$(PYTHON_WITH_PIP) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-compile --no-deps \
	  --require-hashes --only-binary=:all: --implementation cp --python-version 3.13 $(PLATFORMS) \
	  --target "$(ARTIFACTS_DIR)/python" -r requirements.txt
	@rm -rf "$(ARTIFACTS_DIR)/python/bin"
	@$(call compile,/opt)
