"""The evaluator of src/auth against the one beside this file: random cases, no disagreement.

BRUME_POLICY_CASES says how many, BRUME_POLICY_SEED which (the soak runs 100,000)."""
import importlib.util
import json
import os
import random
import subprocess
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
DRIVER = Path(os.environ.get("BRUME_BINARY", HERE.parents[1] / "build/src/front/brume")).resolve().parents[1] / "auth/policy_driver"


def load(name):
    spec = importlib.util.spec_from_file_location(f"policy_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cases, evaluator, examples = load("cases"), load("evaluator"), load("examples")


def line_of(case):
    """Policies travel as text, so that each side reads them for itself."""
    def text(policy):
        return None if policy is None else json.dumps(policy)
    packed = dict(case)
    for name in ("boundary", "endpoint", "resource_policy"):
        packed[name] = text(case[name])
    for name in ("identity", "session"):
        packed[name] = None if case[name] is None else [text(p) for p in case[name]]
    for name in ("scp", "rcp"):
        packed[name] = [[text(p) for p in level] for level in case[name]]
    return json.dumps(packed)


def decided(asked):
    done = subprocess.run([str(DRIVER)], input="\n".join(map(line_of, asked)) + "\n", capture_output=True, text=True, check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == len(asked), done.stderr[-2000:]
    return answers


def compare(count, seed):
    rng = random.Random(seed)
    drawn = [cases.case(rng) for _ in range(count)]
    answers = decided(drawn)
    seen, wrong = Counter(), []
    for case, answer in zip(drawn, answers):
        expected = evaluator.decide(case)
        seen[expected] += 1
        if answer != expected:
            wrong.append(f"{answer!r}, the second evaluator says {expected!r}: {line_of(case)}")
    assert not wrong, f"seed {seed}: {len(wrong)} of {count} disagree, the first:\n" + "\n".join(wrong[:3])
    return seen


def test_two_evaluators_agree():
    count, seed = int(os.environ.get("BRUME_POLICY_CASES", 4000)), int(os.environ.get("BRUME_POLICY_SEED", 1))
    seen = compare(count, seed)
    # Every way to end a decision came up: else the cases would prove little.
    ends = {f"{word} {kind}" for word in ("deny", "silent") for kind in ("scp", "rcp", "resource", "identity", "boundary", "session", "endpoint")}
    assert ends | {"allow none"} <= set(seen), sorted(ends - set(seen))


def test_examples_of_the_user_guide():
    asked = list(examples.cases())
    for (page, case, allowed), answer in zip(asked, decided([case for _, case, _ in asked])):
        assert answer == evaluator.decide(case) and answer.startswith("allow") == allowed, (page, answer, line_of(case))
