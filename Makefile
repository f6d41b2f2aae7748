B := .venv/bin/
PYTHON ?= python3
PARALLEL := -n auto --dist worksteal --cov --cov-report=
.PHONY: demo test test-all bench lint types fix

.venv/.done: pyproject.toml
	test -x $(B)python || $(PYTHON) -m venv .venv
	$(B)python -m pip install -q --disable-pip-version-check -U pip
	$(B)python -m pip install -q --disable-pip-version-check -e '.[local,cli,cost,otel,grammar]' --group dev
	@touch $@

demo: .venv/.done     ## grades real essays with the embedded model
	$(B)dllm demo
test: lint types      ## all that CI runs; .ci/run calls this and nothing else
	$(B)pytest -q -m "not slow" $(PARALLEL)
	$(B)coverage report
	-$(B)coverage report --include="*/_core/*" --fail-under=100     # the aim for the core: printed, fails nothing
test-all: lint types  ## the slow and the big tests too, with many more examples
	$(B)pytest -q --hypothesis-profile=thorough $(PARALLEL)
	$(B)coverage report
bench: .venv/.done    ## side by side with peers
	$(B)python -m pip install -q --disable-pip-version-check --group bench
	$(B)python -m benchmarks

lint: .venv/.done
	$(B)ruff check
	$(B)ruff format --check
	$(B)lint-imports
types: .venv/.done
	$(B)mypy
	$(B)basedpyright
fix: .venv/.done
	$(B)ruff check --fix
	$(B)ruff format
