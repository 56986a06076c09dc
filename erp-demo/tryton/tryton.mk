# SPDX-License-Identifier: GPL-3.0-or-later
# Tryton in an environment of its own, and the seeded database: include this from the Makefile.
TRYTON_PYTHON := .venv-tryton/bin/python

.venv-tryton/.installed: requirements/tryton.lock
	$(or $(PYTHON),python3) -m venv .venv-tryton
	.venv-tryton/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tryton.lock
	@touch $@

.PHONY: tryton-seed
tryton-seed: .venv-tryton/.installed  ## build the demo ERP's database once (about a minute), then find it in build/tryton
	@$(TRYTON_PYTHON) erp-demo/tryton/build_seed.py
