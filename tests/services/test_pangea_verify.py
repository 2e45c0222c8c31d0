"""Verification offline: what is proved, what is intact, and that no tampering is overlooked."""

import base64
import gzip
import json
from copy import deepcopy
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

import pandakit as pk
from pandakit.pangea._checks.canonical import canonical_forms
from pandakit.pangea._checks.folds import fold_item, read_items
from pandakit.pangea._evidence.exact_json import decode
from tests.services.audit_log import Log, canonical, digest, plain_log, received, top

VECTORS = json.loads((Path(__file__).parent / "pangea_vectors.json").read_text(encoding="utf-8"))
CHECKS = ("hash", "membership", "path", "consistency", "signature")
SIZES = (3, 1, 5, 2, 4, 1, 6)


@pytest.fixture(scope="module")
def log():
    """A log of seven batches, six of them published."""
    return plain_log(SIZES, published=6)


def checks(found, row=0):
    """Give the outcomes of the checks of one event, by name."""
    cells = found.events.iloc[row]
    return {check: cells[f"{check}_verification"] for check in CHECKS}


def verdicts(found):
    """Give the verdicts of all events."""
    return found.events["verdict"].tolist()


def framed(document, tmp_path):
    """Give a document as the frame that `load` makes of it."""
    file = tmp_path / "saved.json"
    file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return pk.pangea.load(file)


# --- what the vendor published


@pytest.mark.parametrize("vector", VECTORS["hashes"])
def test_hashes_and_signatures_of_the_vendors_samples(vector):
    """Every published sample has its hash; signed ones have a good signature."""
    found = pk.pangea.verify([{k: vector[k] for k in ("envelope", "hash")}])
    assert checks(found)["hash"] == "pass"
    assert found.events["computed_hash"][0] == vector["hash"]
    signed = "signature" in vector["envelope"]
    assert checks(found)["signature"] == ("pass" if signed else "none")
    if signed:
        assert found.events["public_key"][0] == VECTORS["ed25519"]["public_key"]


def test_a_sample_with_proof_and_roots_is_proved():
    """The published sample of a search is proved under its root, and all five checks pass."""
    vector = next(each for each in VECTORS["hashes"] if "root" in each)
    found = pk.pangea.verify([vector], roots=[vector["root"], vector["root_before"]])
    assert set(checks(found).values()) == {"pass"}
    assert (found.verdict, found.events["tree_size"][0]) == ("proved", 31)


# --- verdicts


def test_without_roots_from_elsewhere_nothing_is_proved(log):
    """A self-consistent file is intact: who forges a file forges its roots too."""
    found = pk.pangea.verify(log.answer())
    assert set(verdicts(found)) == {"intact"}
    assert set(found.events["root_source"]) == {"results"}


def test_roots_from_elsewhere_prove(log):
    """With published roots all published events are proved; the others stay intact."""
    found = pk.pangea.verify(log.answer(), roots=log.roots())
    published = [row["published"] for row in log.events()]
    assert verdicts(found) == ["proved" if each else "intact" for each in published]
    assert found.counts == {"intact": 6, "proved": 16}
    assert found.verdict == "intact"
    first = found.events.iloc[0]
    assert first["root_source"] == "given"
    assert first["reason"] == "signature: not signed"
    last = found.events.iloc[-1]
    assert last["reason"].startswith("path: not published yet; consistency: not published yet")
    assert pd.isna(last["leaf_index"])
    assert last["tree_size"] == len(SIZES)


def test_the_root_of_the_page_alone_proves(log):
    """The one published root of the page's size, from elsewhere, proves membership."""
    found = pk.pangea.verify(log.answer(), roots=[log.root()])
    assert found.counts["proved"] == 16
    assert checks(found)["consistency"] == "none"


def test_the_root_of_the_next_size_alone_proves_its_batch(log):
    """Consistency binds the batch: roots of sizes leaf and leaf + 1 prove an event."""
    found = pk.pangea.verify(log.answer(), roots=[log.root(2), log.root(3)])
    proved = found.events[found.events["verdict"] == "proved"]
    assert set(proved["leaf_index"]) == {2}
    assert len(proved) == SIZES[2]


def test_no_rows_are_unproved():
    """An empty result is not proved to be anything."""
    found = pk.pangea.verify([])
    assert (found.verdict, len(found.events), len(found.batches)) == ("unproved", 0, 0)
    assert found.events.dtypes.equals(pk.pangea.verify(plain_log([2]).answer()).events.dtypes)


def test_without_proofs_nothing_is_proved(log):
    """Events without proofs or roots are unproved, not failed."""
    bare = [{key: row[key] for key in ("envelope", "hash")} for row in log.events()]
    found = pk.pangea.verify(bare, roots=log.roots())
    assert set(verdicts(found)) == {"unproved"}
    assert checks(found)["membership"] == "none"


def test_the_only_event_of_a_log_needs_no_proof():
    """A tree of one event is the event itself, with an empty proof or none."""
    log = plain_log([1])
    for proof in ("", None):
        row = log.event(0, 0) | {"membership_proof": proof}
        found = pk.pangea.verify(log.result([row]), roots=log.roots())
        assert found.verdict == "proved"


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 17])
def test_growing_trees_of_every_shape(count):
    """Every event of every batch is proved at every published size."""
    log = plain_log([1 + number % 4 for number in range(count)])
    for size in range(1, count + 1):
        events = [row for row in log.events(size) if row["published"]]
        found = pk.pangea.verify(log.result(events, size), roots=log.roots())
        assert found.verdict == "proved"
        assert {tuple(checks(found, row).values()) for row in range(len(events))} == {
            ("pass", "pass", "pass", "pass", "none")
        }


def test_frames_parts_and_json_agree(log, tmp_path):
    """A frame, the JSON and any part of the frame get the same verdicts; the input is unchanged."""
    frame = framed(log.answer(), tmp_path)
    before = frame.copy()
    whole = pk.pangea.verify(frame, roots=log.roots())
    pd.testing.assert_frame_equal(frame, before)
    of_json = pk.pangea.verify(log.answer(), roots=log.roots())
    pd.testing.assert_frame_equal(whole.events, of_json.events)
    pd.testing.assert_frame_equal(whole.batches, of_json.batches)
    part = frame.iloc[[20, 3, 4]]
    found = pk.pangea.verify(part, roots=log.roots())
    pd.testing.assert_frame_equal(found.events, whole.events.loc[part.index])


def test_each_page_keeps_its_own_roots(log, tmp_path):
    """Pages from before and after a root was published verify together, each under its own."""
    pages = [log.answer(size=size) for size in (2, 4, 6)]
    for results in (pages, framed(pages, tmp_path)):
        found = pk.pangea.verify(results)
        assert set(verdicts(found)) == {"intact"}
        assert set(found.events["tree_size"]) == {2, 4, 6, 7}


# --- tamperings: each at the first, a middle and the last published event


def change_text(row, _):
    """Change one letter of the event."""
    row["envelope"]["event"]["message"] += "!"
    return "hash"


def rehash(row, _):
    """Change the event and its hash."""
    row["envelope"]["event"]["message"] += "!"
    row["hash"] = digest(canonical(row["envelope"])).hex()
    return "membership"


def change_time(row, _):
    """Change when the event was received."""
    row["envelope"]["received_at"] = received(999)
    return "hash"


def add_null(row, _):
    """Add a null to the event, which hashes differently."""
    row["envelope"]["event"]["old"] = None
    return "hash"


def change_hash(row, _):
    """Change a digit of the hash."""
    row["hash"] = ("0" if row["hash"][0] != "0" else "1") + row["hash"][1:]
    return "hash"


def upper_hash(row, _):
    """Write the hash in capitals, which is another text."""
    row["hash"] = row["hash"].upper()
    return "hash"


def change_proof(row, _):
    """Change a digit of the proof."""
    proof = row["membership_proof"]
    row["membership_proof"] = proof[:-1] + ("0" if proof[-1] != "0" else "1")
    return "membership"


def turn_proof(row, _):
    """Turn the last side of the proof round."""
    proof = row["membership_proof"]
    place = len(proof) - 66
    row["membership_proof"] = proof[:place] + "lr"[proof[place] == "l"] + proof[place + 1 :]
    return "membership"


def unknown_side(row, _):
    """Write a side that is neither left nor right."""
    row["membership_proof"] = "q" + row["membership_proof"][1:]
    return "membership"


def short_proof(row, _):
    """Leave out the last step of the proof."""
    row["membership_proof"] = row["membership_proof"][:-67]
    return "membership"


def wrong_leaf(row, _):
    """Say that the event is in another batch."""
    row["leaf_index"] = 1 if row["leaf_index"] != 1 else 2
    return "path"


def far_leaf(row, _):
    """Say that the event is in a batch that does not exist yet."""
    row["leaf_index"] = 99
    return "path"


def odd_leaf(row, _):
    """Write a batch number that is no number."""
    row["leaf_index"] = 1.5
    return "path"


def odd_published(row, _):
    """Write something else than true or false."""
    row["published"] = "yes"
    return "membership"


def odd_proof(row, _):
    """Write a proof that is no text."""
    row["membership_proof"] = 7
    return "membership"


def odd_hash(row, _):
    """Write a hash that is no text."""
    row["hash"] = ["x"]
    return "hash"


def odd_envelope(row, _):
    """Write an envelope that is no object."""
    row["envelope"] = "x"
    return "hash"


def lone_surrogate(row, _):
    """Write text that UTF-8 cannot encode."""
    row["envelope"]["event"]["message"] = "\ud800"
    return "hash"


def foreign_root(row, result):
    """Change the root of the page."""
    result["root"] = dict(result["root"], root_hash=64 * "0")
    return "membership"


def odd_root(row, result):
    """Write a root that is no object."""
    result["root"] = "x"
    return "membership"


TAMPERINGS = [
    change_text,
    rehash,
    change_time,
    add_null,
    change_hash,
    upper_hash,
    change_proof,
    turn_proof,
    unknown_side,
    short_proof,
    wrong_leaf,
    far_leaf,
    odd_leaf,
    odd_published,
    odd_proof,
    odd_hash,
    odd_envelope,
    lone_surrogate,
    foreign_root,
    odd_root,
]


@pytest.mark.filterwarnings("ignore::pandakit.CellWarning")
@pytest.mark.parametrize("place", [0, 8, 15])
@pytest.mark.parametrize("tamper", TAMPERINGS)
@pytest.mark.parametrize("as_frame", [False, True])
def test_every_tampering_fails_and_nothing_else_does(log, tmp_path, tamper, place, as_frame):
    """The tampered event fails in the check that is named; the others keep their verdicts."""
    answer = deepcopy(log.answer())
    result = answer["result"]
    check = tamper(result["events"][place], result)
    if as_frame and tamper is lone_surrogate:
        file = tmp_path / "saved.json"
        file.write_text(json.dumps(answer), encoding="utf-8")
        results = pk.pangea.load(file)
    else:
        results = framed(answer, tmp_path) if as_frame else answer
    found = pk.pangea.verify(results, roots=log.roots())
    assert checks(found, place)[check] == "fail"
    assert f"{check}: " in found.events["reason"].iloc[place]
    assert found.verdict == "failed"
    if tamper not in {foreign_root, odd_root}:
        others = verdicts(found)
        assert others.pop(place) == "failed"
        assert others == ["proved"] * 15 + ["intact"] * 6


def test_a_key_that_is_there_twice_fails(log, tmp_path):
    """Parsers differ about which value counts, so neither may be hashed as the only one."""
    text = json.dumps(log.answer(), ensure_ascii=False)
    repeated = text.replace('"actor": "user-0"', '"actor": "mallory", "actor": "user-0"', 1)
    (tmp_path / "saved.json").write_text(repeated, encoding="utf-8")
    with pytest.warns(pk.CellWarning):
        frame = pk.pangea.load(tmp_path / "saved.json")
    found = pk.pangea.verify(frame, roots=log.roots())
    assert found.events["reason"][0].startswith("hash: the envelope holds the key 'actor' more")
    assert verdicts(found).count("failed") == 1


def test_a_forged_log_is_intact_alone_and_fails_against_a_true_root(log):
    """A log that is forged as a whole contradicts the published root of its size."""
    batches = deepcopy(log.batches)
    batches[2][1]["event"]["actor"] = "mallory"
    forged = Log(batches, published=6)
    assert pk.pangea.verify(forged.answer()).verdict == "intact"
    found = pk.pangea.verify(forged.answer(), roots=log.root())
    assert found.counts == {"failed": 16, "intact": 6}
    assert "roots of size 6 contradict each other" in found.events["reason"][0]


def test_roots_from_elsewhere_that_disagree_fail(log):
    """Two sources with different roots of one size cannot both be right."""
    forged = dict(log.root(), root_hash=64 * "1", source="arweave")
    found = pk.pangea.verify(log.answer(), roots=[log.root(), forged])
    assert found.counts["failed"] == 16


def test_roots_of_another_tree_do_not_count(log):
    """Roots are compared within a tree; one without the name of a tree counts for every tree."""
    other = dict(log.root(), root_hash=64 * "1", tree_name="b" * 64)
    assert pk.pangea.verify(log.answer(), roots=other).counts == {"intact": 22}
    unnamed = {key: log.root()[key] for key in ("size", "root_hash")}
    assert pk.pangea.verify(log.answer(), roots=unnamed).counts["proved"] == 16


FORMS_OF_ROOTS = {
    "one": lambda root: root,
    "list": lambda root: [root],
    "answer": lambda root: {"status": "Success", "result": {"data": root}},
    "bare answers": lambda root: [{"status": "Success", "result": root}],
    "frame": lambda root: pd.DataFrame([root]).assign(source="arweave"),
}


@pytest.mark.parametrize("form", FORMS_OF_ROOTS)
def test_forms_of_roots(log, form):
    """Roots may be objects, answers of the service, or a frame with their source."""
    found = pk.pangea.verify(log.answer(), roots=FORMS_OF_ROOTS[form](log.root()))
    assert found.counts["proved"] == 16
    assert found.events["root_source"][0] == ("arweave" if form == "frame" else "given")


def test_a_root_without_a_size_is_refused():
    """What is no root is an error that says which one."""
    with pytest.raises(pk.EventError, match=r"root 1 .* no readable size"):
        pk.pangea.verify([], roots=[{"size": 1, "root_hash": "x"}, {"root_hash": "x"}])
    with pytest.raises(TypeError, match="pass root objects"):
        pk.pangea.verify([], roots=[5])


@pytest.mark.parametrize("as_frame", [False, True])
def test_a_page_without_the_hash_of_its_root_needs_a_root_from_elsewhere(log, tmp_path, as_frame):
    """A root that came without a hash contradicts nothing: it is missing."""
    answer = deepcopy(log.answer())
    del answer["result"]["root"]["root_hash"]
    results = framed(answer, tmp_path) if as_frame else answer
    assert pk.pangea.verify(results).counts == {"unproved": 16, "intact": 6}
    assert pk.pangea.verify(results, roots=log.roots()).counts == {"intact": 6, "proved": 16}


# --- consistency


def bend(root, how):
    """Damage a consistency proof in one way."""
    proof = list(root["consistency_proof"])
    if how == "digit":
        proof[0] = proof[0][:-1] + ("0" if proof[0][-1] != "0" else "1")
    elif how == "side":
        proof[-1] = proof[-1].replace(",r:", ",q:", 1)
    elif how == "no mark":
        proof[0] = proof[0][1:]
    elif how == "first item missing":
        del proof[0]
    elif how == "empty":
        proof = []
    elif how == "text":
        proof = ",".join(proof)
    elif how == "bare node":
        proof = [proof[0].partition(",")[0]]
    return dict(root, consistency_proof=proof)


WAYS = ["digit", "side", "no mark", "first item missing", "empty", "text", "bare node"]


@pytest.mark.parametrize("how", WAYS)
def test_damaged_consistency_proofs_fail(log, how):
    """A proof that does not hold fails the events of its batch, and no other ones."""
    roots = [*log.roots()[:2], bend(log.root(3), how), *log.roots()[3:5]]
    found = pk.pangea.verify(log.answer(), roots=roots)
    failed = found.events[found.events["consistency_verification"] == "fail"]
    assert set(failed["leaf_index"]) == {2}
    assert len(failed) == SIZES[2]


def test_a_good_proof_of_the_same_root_repairs_a_bad_one(log):
    """A proof speaks for itself: a second source with the same root may bring the good one."""
    roots = [bend(log.root(3), "digit"), log.root(3), log.root(2)]
    found = pk.pangea.verify(log.answer(), roots=roots)
    assert set(found.events.loc[found.events["leaf_index"] == 2, "verdict"]) == {"proved"}


def test_consistency_is_about_this_event(log):
    """Roots of another log of the same shape are consistent, but not with these events."""
    batches = deepcopy(log.batches)
    batches[2][0]["event"]["actor"] = "mallory"
    other = Log(batches, published=6)
    found = pk.pangea.verify(log.result(size=6), roots=[other.root(2), other.root(3)])
    failed = found.events[found.events["consistency_verification"] == "fail"]
    assert set(failed["leaf_index"]) == {2}
    assert "the tree of size 3 has another batch 2" in failed["reason"].iloc[0]


def test_a_larger_root_has_to_extend_the_smaller_one(log):
    """A log whose earlier batches were rewritten contradicts the root from before."""
    batches = deepcopy(log.batches)
    batches[0][0]["event"]["actor"] = "mallory"
    before = Log(batches, published=6).root(2)
    found = pk.pangea.verify(log.answer(), roots=[before, log.root(3)])
    failed = found.events[found.events["consistency_verification"] == "fail"]
    assert set(failed["leaf_index"]) == {2}
    assert "size 3 does not extend size 2" in failed["reason"].iloc[0]


def test_missing_roots_are_none_not_fail(log):
    """Without the roots of both sizes consistency cannot be decided."""
    found = pk.pangea.verify(log.answer(), roots=[log.root(3)])
    reasons = found.events["reason"]
    assert "consistency: no root of size 2" in reasons[found.events["leaf_index"] == 2].iloc[0]
    no_proof = {k: v for k, v in log.root(3).items() if k != "consistency_proof"}
    found = pk.pangea.verify(log.answer(), roots=[log.root(2), no_proof])
    at = found.events["leaf_index"] == 2
    assert "the root of size 3 has no proof" in found.events["reason"][at].iloc[0]


# --- forms of numbers, nulls and keys


@pytest.mark.parametrize("form", [0, 1, 2])
@pytest.mark.parametrize("number", ["1.50", "1.0", "1e-7", "1" + 30 * "0", "0.1", "1E400", "-3"])
def test_numbers_in_every_form_and_no_other_number(tmp_path, number, form):
    """An event hashed in any of the forms verifies as written; another number never does."""
    event = decode(f'{{"message": "n", "value": {number}}}')
    forms = canonical_forms({"event": event, "received_at": received(1)})
    form_text = forms[min(form, len(forms) - 1)]
    log = plain_log([1])
    log.hot = [(sha256(form_text).digest(),)]
    log.cold = log.hot[0]
    row = log.event(0, 0)
    envelope = f'{{"event": {{"message": "n", "value": {number}}}, "received_at": "{received(1)}"}}'
    text = json.dumps(log.result([row])).replace(json.dumps(row["envelope"]), envelope)
    for written, verdict in ((text, "proved"), (text.replace(number, number + "1"), "failed")):
        (tmp_path / "n.json").write_text(written, encoding="utf-8")
        frame = pk.pangea.load(tmp_path / "n.json")
        found = pk.pangea.verify(frame, roots=log.roots())
        if number + "1" in written and decode(number) == decode(number + "1"):
            continue
        assert found.verdict == verdict, found.summary


def test_canonical_forms_are_those_of_rfc_8785():
    """The examples of the standard come out as it prints them."""
    text = '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]}'
    assert canonical_forms(decode(text))[-1] == (
        b'{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001]}'
    )
    plain = '{"numbers":[333333333.3333333,1E30,4.50,2e-3,0.000000000000000000000000001]}'
    expected = b'{"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}'
    assert expected in canonical_forms(decode(plain))
    keys = decode('{"\\u20ac":1,"\\r":2,"\\ud83d\\ude00":3,"1":4,"\\ufb33":5}')
    assert canonical_forms(keys)[-1] == (
        '{"\\r":2,"1":4,"\u20ac":1,"\U0001f600":3,"\ufb33":5}'.encode()
    )


@pytest.mark.parametrize("event", [[], "", (), None, 0])
def test_an_empty_event_is_no_empty_list_or_text(event):
    """What has no keys is not hashed like an object without members."""
    row = {"envelope": {"event": {}}, "hash": digest('{"event":{}}').hex()}
    assert checks(pk.pangea.verify([row]))["hash"] == "pass"
    row["envelope"]["event"] = event
    assert checks(pk.pangea.verify([row]))["hash"] == "fail"


def test_the_time_is_that_of_the_envelope(log, tmp_path):
    """A column of the frame may have been edited; the envelope is what was hashed."""
    frame = framed(log.answer(), tmp_path)
    edited = frame.assign(received_at=pd.Timestamp("2020-01-01", tz="UTC"))
    found = pk.pangea.verify(edited, roots=log.roots())
    assert found.events["received_at"].tolist() == frame["received_at"].tolist()


def test_nulls_of_the_envelope_may_have_been_left_out():
    """A null member of the envelope may be hashed or not; nulls of the event are hashed."""
    event = {"message": "m", "old": None}
    envelope = {"event": event, "received_at": received(1), "signature": None}
    for hashed in (envelope, {k: v for k, v in envelope.items() if v is not None}):
        row = {"envelope": envelope, "hash": digest(canonical(hashed)).hex()}
        assert checks(pk.pangea.verify([row]))["hash"] == "pass"
    without = {"event": {"message": "m"}, "received_at": received(1)}
    row = {"envelope": envelope, "hash": digest(canonical(without)).hex()}
    assert checks(pk.pangea.verify([row]))["hash"] == "fail"


@pytest.mark.parametrize("time", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.1+00:00", "1 May"])
def test_odd_times_are_hashed_as_they_are(time):
    """The text of `received_at` is hashed, not the moment that it names."""
    envelope = {"event": {"message": "m"}, "received_at": time}
    row = {"envelope": envelope, "hash": digest(canonical(envelope)).hex()}
    assert checks(pk.pangea.verify([row]))["hash"] == "pass"


def test_leaf_indexes_may_be_text(log):
    """Some clients write the number of the batch as text."""
    answer = deepcopy(log.answer())
    for row in answer["result"]["events"]:
        row["leaf_index"] = (
            row["leaf_index"] if row["leaf_index"] is None else str(row["leaf_index"])
        )
    assert pk.pangea.verify(answer, roots=log.roots()).counts["proved"] == 16


# --- signatures

ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")


def signer():
    """Make the key of the tests."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def forms_of_key():
    """Write the public key in every form that signers use."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = signer().public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    raw = base64.b64encode(key.public_bytes_raw()).decode()
    ssh = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return {
        "raw": raw,
        "der": base64.b64encode(der).decode(),
        "lines": raw[:20] + "\n" + raw[20:] + "\n",
        "pem": pem,
        "ssh": ssh,
        "json": json.dumps({"key": pem, "algorithm": "ED25519", "vault_key_version": 1}),
        "json of ssh": json.dumps({"key": ssh}),
    }


def signed(event, *, key=None, signature=None):
    """Sign an event."""
    signature = signature or base64.b64encode(signer().sign(canonical(event).encode())).decode()
    envelope = {"event": event, "received_at": received(1), "signature": signature,
                "public_key": key or forms_of_key()["raw"]}  # fmt: skip
    return {"envelope": envelope, "hash": digest(canonical(envelope)).hex()}


@pytest.mark.parametrize("form", forms_of_key())
def test_keys_in_every_form(form):
    """A signature verifies with the key in every form, also as a trusted key."""
    key = forms_of_key()[form]
    found = pk.pangea.verify([signed({"message": "m"}, key=key)], keys=[key])
    assert checks(found)["signature"] == "pass"
    assert found.events["public_key"][0] == forms_of_key()["raw"]


def test_nulls_may_be_signed_or_not():
    """Signers drop the nulls of an event, or sign them."""
    event = {"message": "m", "old": None}
    sign = signer().sign
    for message in (event, {"message": "m"}):
        signature = base64.b64encode(sign(canonical(message).encode())).decode()
        row = signed(event, signature=signature)
        assert checks(pk.pangea.verify([row]))["signature"] == "pass"


def other_algorithm():
    """Make the PEM of an RSA key."""
    from cryptography.hazmat.primitives.asymmetric import x25519
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = x25519.X25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


BAD_SIGNATURES = {
    "of another event": {"signature": base64.b64encode(bytes(64)).decode()},
    "no base64": {"signature": "***"},
    "too short": {"signature": "AAAA"},
    "no key": {"key": "nonsense"},
    "JSON without key": {"key": '{"algorithm": "ED25519"}'},
    "JSON with two keys": {"key": '{"key": "a", "key": "b"}'},
    "JSON that is no object": {"key": "[1]"},
    "wrong length": {"key": base64.b64encode(bytes(31)).decode()},
    "another algorithm": {"key": other_algorithm()},
}


@pytest.mark.parametrize("fault", BAD_SIGNATURES)
def test_bad_signatures_and_keys_fail(fault):
    """What cannot be read or does not fit fails, and raises nothing."""
    found = pk.pangea.verify([signed({"message": "m"}, **BAD_SIGNATURES[fault])])
    assert checks(found)["signature"] == "fail"
    assert found.verdict == "failed"


@pytest.mark.parametrize(
    ("missing", "words"),
    [("signature", "the signature is missing"), ("public_key", "the public key is missing")],
)
def test_one_of_signature_and_key_alone_fails(missing, words):
    """A signature without a key, or a key without a signature, is not "unsigned"."""
    row = signed({"message": "m"})
    for absent in ({}, {missing: None}):
        del row["envelope"][missing]
        row["envelope"] |= absent
        found = pk.pangea.verify([row])
        assert checks(found)["signature"] == "fail"
        assert f"signature: {words}" in found.events["reason"][0]
        row["envelope"][missing] = "x"


def test_only_trusted_keys_count():
    """With `keys` a good signature by any other key fails; unsigned events are as before."""
    rows = [signed({"message": "m"}), {"envelope": {"event": {}}}]
    found = pk.pangea.verify(rows, keys=VECTORS["ed25519"]["public_key"])
    assert found.events["signature_verification"].tolist() == ["fail", "none"]
    with pytest.raises(ValueError, match=r"keys\[1\]"):
        pk.pangea.verify(rows, keys=[forms_of_key()["raw"], "nonsense"])


@pytest.mark.parametrize("pair", VECTORS["ed25519"]["signatures"])
def test_published_signatures_verify(pair):
    """The test vectors of the vendor's clients hold with the library that is used."""
    key = ed25519.Ed25519PublicKey.from_public_bytes(
        base64.b64decode(VECTORS["ed25519"]["public_key"])
    )
    key.verify(base64.b64decode(pair["signature"]), pair["text"].encode())


def test_without_cryptography_signatures_are_none(monkeypatch):
    """Without the extra a signature is not checked, and the reason says how to get it."""
    import sys

    monkeypatch.setitem(sys.modules, "cryptography", None)
    found = pk.pangea.verify([signed({"message": "m"})])
    assert checks(found)["signature"] == "none"
    assert "pandakit[verify]" in found.events["reason"][0]


# --- batches


def test_batches_are_complete(log):
    """All events of a log: every published batch is complete, and nothing is missing."""
    batches = pk.pangea.verify(log.answer()).batches
    assert batches["leaf_index"].tolist() == list(range(6))
    assert batches["events"].tolist() == list(SIZES[:6])
    assert set(batches["verdict"]) == {"complete"}
    assert batches[["missing", "repeated"]].to_numpy().sum() == 0


@pytest.mark.parametrize("batch", [0, 2, 4, 5])
def test_every_event_that_is_left_out_is_missed(log, batch):
    """Leaving out any event makes its batch incomplete, or cut at the ends; absent when empty."""
    for place in range(SIZES[batch]):
        events = [row for row in log.events() if row["published"]]
        events.remove(log.event(batch, place))
        found = pk.pangea.verify(log.result(events), roots=log.roots())
        assert found.verdict == "proved"
        left = found.batches[found.batches["leaf_index"] == batch]
        if SIZES[batch] == 1:
            assert len(left) == 0
            continue
        assert left["verdict"].tolist() == ["cut" if batch in {0, 5} else "incomplete"]
        assert left["missing"].tolist() == [1]
        whole = pk.pangea.verify(log.result(events), roots=log.roots(), complete=True)
        assert whole.verdict == ("proved" if batch in {0, 5} else "failed")


def test_a_batch_that_is_left_out_is_absent(log):
    """A hole in the numbers of the batches is a row of its own and fails a complete range."""
    events = [row for row in log.events() if row["published"] and row["leaf_index"] not in {1, 3}]
    found = pk.pangea.verify(log.result(events), roots=log.roots())
    absent = found.batches[found.batches["verdict"] == "absent"]
    assert absent["leaf_index"].tolist() == [1, 3]
    assert absent["events"].tolist() == [0, 0]
    assert pk.pangea.verify(log.result(events), complete=True).verdict == "failed"
    assert "2 batches lack events" in found.summary


def sparse(depth):
    """Forge the first and the last batch of a tree with `2 ** depth` batches."""
    rows, nodes, side, zero = [], [], "rl", bytes(32)
    for place in range(2):
        envelope = {"event": {"message": str(place)}, "received_at": received(place)}
        node = digest(canonical(envelope))
        rows.append({"envelope": envelope, "hash": node.hex(), "published": True,
                     "leaf_index": place * (2**depth - 1)})  # fmt: skip
        for _ in range(depth - 1):
            node = fold_item(node, side[place], zero)
        nodes.append(node)
    for place, row in enumerate(rows):
        items = [zero] * (depth - 1) + [nodes[1 - place]]
        row["membership_proof"] = ",".join(f"{side[place]}:{item.hex()}" for item in items)
    root_hash = fold_item(nodes[0], "r", nodes[1]).hex()
    return {"events": rows, "root": {"size": 2**depth, "root_hash": root_hash}}


@pytest.mark.parametrize(("depth", "listed"), [(3, 6), (9, 510), (10, 1000), (60, 1000)])
def test_a_wide_hole_is_not_listed_to_its_end(depth, listed):
    """A forged file may claim a tree of any size: the last row stands for the rest of a hole."""
    found = pk.pangea.verify(sparse(depth))
    absent = found.batches[found.batches["verdict"] == "absent"]
    assert found.verdict == "intact"
    assert absent["leaf_index"].tolist() == list(range(1, 1 + listed))
    assert absent["missing"].sum() == 2**depth - 2


def test_a_proof_deeper_than_any_tree_cannot_be_read():
    """No log has trees of more than 64 levels."""
    row = plain_log([1]).event(0, 0) | {"membership_proof": ",".join(["l:" + 64 * "0"] * 129)}
    assert "the proof cannot be read" in pk.pangea.verify([row]).events["reason"][0]


def test_repeated_rows_are_counted(log):
    """The same event twice is repeated; two equal events at two positions are not."""
    events = [row for row in log.events() if row["published"]]
    found = pk.pangea.verify(log.result([*events, events[5]]))
    assert found.batches["repeated"].sum() == 1
    twin = Log([[log.batches[0][0]] * 2, log.batches[1]])
    batches = pk.pangea.verify(twin.answer()).batches
    assert batches["repeated"].tolist() == [0, 0]
    assert set(batches["verdict"]) == {"complete"}


def test_a_failed_event_is_missing_from_its_batch(log):
    """An altered event does not fill its position."""
    answer = deepcopy(log.answer())
    answer["result"]["events"][6]["envelope"]["event"]["actor"] = "mallory"
    batches = pk.pangea.verify(answer).batches
    assert batches.loc[batches["verdict"] == "incomplete", "leaf_index"].tolist() == [2]


# --- laws


LAW = plain_log([2, 3, 1, 4])
ROOTS = LAW.roots()
KEYS = [("message",), ("actor",), ("action",)]


@settings(deadline=None)
@given(st.data())
def test_no_changed_character_of_an_event_leaves_proved(data):
    """Whatever character of an event's text is changed to whatever other, the event fails."""
    events = [deepcopy(row) for row in LAW.events()]
    row = data.draw(st.integers(0, len(events) - 1))
    key = data.draw(st.sampled_from(["message", "actor", "action", "received_at"]))
    envelope = events[row]["envelope"]
    holder = envelope if key == "received_at" else envelope["event"]
    place = data.draw(st.integers(0, len(holder[key]) - 1))
    other = data.draw(st.characters(exclude_characters=holder[key][place]))
    holder[key] = holder[key][:place] + other + holder[key][place + 1 :]
    found = pk.pangea.verify(LAW.result(events), roots=ROOTS)
    assert verdicts(found)[row] == "failed"
    assert verdicts(found).count("failed") == 1


@settings(deadline=None)
@given(st.data())
def test_no_changed_character_of_a_proof_leaves_proved(data):
    """Whatever character of a proof is changed, the event fails."""
    events = [deepcopy(row) for row in LAW.events()]
    row = data.draw(st.integers(0, len(events) - 1))
    proof = events[row]["membership_proof"]
    place = data.draw(st.integers(0, len(proof) - 1))
    letters = st.sampled_from("0123456789abcdefABCDEFlrx:, ")
    other = data.draw(letters.filter(lambda letter: letter != proof[place]))
    events[row]["membership_proof"] = proof[:place] + other + proof[place + 1 :]
    found = pk.pangea.verify(LAW.result(events), roots=ROOTS)
    assert verdicts(found)[row] == "failed"
    assert verdicts(found).count("failed") == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
MEMBERS = (
    "hash",
    "membership_proof",
    "published",
    "leaf_index",
    "root",
    "unpublished_root",
    "tree_size",
)


@settings(deadline=None)
@given(st.lists(st.fixed_dictionaries({"envelope": JSON}, optional=dict.fromkeys(MEMBERS, JSON))))
def test_no_row_raises(rows):
    """Whatever JSON stands in the events, each row has a verdict, and none is proved."""
    found = pk.pangea.verify(rows, roots=ROOTS)
    assert len(found.events) == len(rows)
    assert "proved" not in verdicts(found)


def members(value):
    """List every place in a JSON document where another value could be put."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield value, key
        if isinstance(inner, dict | list):
            yield from members(inner)


@settings(deadline=None)
@given(st.data())
def test_whatever_value_is_put_anywhere_only_true_events_are_proved(data):
    """With any value anywhere in a result, a row that is proved has the event that was logged."""
    result = deepcopy(LAW.result())
    holder, key = data.draw(st.sampled_from(list(members(result))))
    holder[key] = data.draw(JSON)
    try:
        found = pk.pangea.verify(result, roots=ROOTS)
    except pk.EventError:
        return
    logged = {canonical(row["envelope"]) for row in LAW.events()}
    for row, verdict in zip(result["events"], verdicts(found), strict=True):
        assert verdict != "proved" or canonical(row["envelope"]) in logged


@settings(deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.data())
def test_batches_of_any_part_agree_with_counting(sizes, data):
    """For any subset of events: batches, missing and repeated agree with a count by hand."""
    whole = plain_log(sizes)
    events = [row for row in whole.events() if row["published"]]
    kept = data.draw(st.lists(st.sampled_from(range(len(events))), unique=True, min_size=1))
    kept = [events[place] for place in sorted(kept)]
    batches = pk.pangea.verify(whole.result(kept)).batches.set_index("leaf_index")
    came = [row["leaf_index"] for row in kept]
    assert batches.index.tolist() == list(range(min(came), max(came) + 1))
    for number, row in batches.iterrows():
        lacking = sizes[number] - came.count(number)
        assert row["events"] == came.count(number)
        assert (row["missing"] == 0) == (lacking == 0)
        assert row["missing"] <= lacking


def test_folding_by_hand_agrees():
    """The words of the definition: each proof folds, one sibling at a time, to the root."""
    for row in LAW.events():
        node = bytes.fromhex(row["hash"])
        for side, sibling in read_items(row["membership_proof"]):
            node = fold_item(node, side, sibling)
        assert node == top(LAW.cold)


# --- no network


def test_verifying_imports_no_network_library():
    """`verify` and `load` load neither requests nor the transport."""
    import subprocess
    import sys

    code = (
        "import pandakit as pk; pk.pangea.load; pk.pangea.verify([]); import sys;"
        "print([n for n in ('requests', 'urllib3', 'pandakit.transport') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_gzip_is_read_too(log, tmp_path):
    """A gzipped answer is the same as a plain one."""
    file = tmp_path / "saved.json.gz"
    file.write_bytes(gzip.compress(json.dumps(log.answer()).encode()))
    assert pk.pangea.verify(pk.pangea.load(file)).counts == {"intact": 22}


def test_digits_beyond_a_doubles_precision_count():
    """A number is only written in a form that denotes it exactly: every digit matters."""
    for number in ("0.1000000000000000055", "1" + 29 * "0" + "1"):
        forms = canonical_forms(decode(f'{{"a":{number}}}'))
        assert forms == [f'{{"a":{number}}}'.encode()]
