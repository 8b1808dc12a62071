"""`retune forget`: what a person may ask to be deleted is deleted everywhere, and a receipt says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retune.cli.options import AsJson, Reason, print_json
from retune.core.errors import EXIT_FAILURE, EXIT_SUCCESS, UserError

if TYPE_CHECKING:
    from retune.core.forget import Request
    from tasks.forget import Done

PANEL = "Answer for it"
Given = list[str] | None


def main(
    document: Annotated[Given, typer.Option("--document", metavar="ID", help="A document; may be repeated.")] = None,
    person: Annotated[
        Given,
        typer.Option(
            "--person", metavar="TEXT", help="An address, number, name or id as texts have it; may be repeated."
        ),
    ] = None,
    source: Annotated[
        Given, typer.Option("--source", metavar="PATH", help="A file or folder below data/; may be repeated.")
    ] = None,
    relabelled: Annotated[
        bool,
        typer.Option(
            "--relabelled",
            help="Delete nothing; withdraw the versions that learnt from --document or --source, or else from "
            "whatever the gate on access labels keeps out now.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would go.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Finish deletions that were stopped half-way.")] = False,
    verify: Annotated[
        Path | None,
        typer.Option("--verify", metavar="RECEIPT", help="Check a receipt, and that it is of this request."),
    ] = None,
    reason: Reason = "on request",
    as_json: AsJson = False,
) -> int:
    """Erases a document, a person or a source from everything that holds it; a receipt proves it later.

    Ends with 1 where something is left that cannot be deleted from here: the receipt lists it.
    """
    from retune.core.forget import Request

    root = Path.cwd()
    request = Request(tuple(document or ()), tuple(person or ()), tuple(source or ()), only_versions=relabelled)
    kinds = sum(map(bool, (request.documents, request.persons, request.sources)))
    _check(kinds, relabelled=relabelled and not request.persons, other=resume or verify is not None)
    if verify is not None:
        code, answer = _verify(verify, request if kinds else None)
    elif dry_run:
        code, answer = _look(root, request)
    else:
        code, answer = _erase(root, request, reason, resume=resume)
    if as_json:
        print_json(answer)
    return code


def _check(kinds: int, *, relabelled: bool, other: bool) -> None:
    """Refuse what asks for nothing, or for two things at once: a receipt is for one request."""
    if kinds > 1 or (kinds == 0 and not relabelled and not other):
        raise UserError(
            expected="one of --document, --person and --source",
            found="none" if not kinds else "more than one kind",
            todo="Give one; each may be repeated. --dry-run lists what would go.",
        )


def _look(root: Path, request: Request) -> tuple[int, Any]:
    """List what would go."""
    from flows.forget import look

    found = look(root, request, _quiet)
    print(f"{_documents(len(found['documents']))} would {'be learnt from no more' if request.only_versions else 'go'}:")
    for name in found["documents"]:
        print(f"  {name}")
    _show_that_none_matches(len(found["documents"]))
    for place, counts in found["places"].items():
        print(f"  {place:10} {_counted(counts)}")
    _show_left([one for counts in found["places"].values() for one in counts.get("left", [])])
    _show_versions(found)
    if found["not_read"]:
        print(f"{found['not_read']} files cannot be read: only their names were looked at (see the gate's report).")
    print("Nothing was changed.")
    return EXIT_SUCCESS, found


def _erase(root: Path, request: Request, reason: str, *, resume: bool) -> tuple[int, Any]:
    """Erase, or finish what was begun, and say what is left."""
    from flows.forget import ask_for_training, carry_out, take_up

    done = take_up(root, print) if resume else [carry_out(root, request, reason, print)]
    is_asked = ask_for_training(done)
    for one in done:
        _show(one)
    if not done:
        print("No deletion was stopped half-way.")
    elif any(one.receipt["versions"] for one in done):
        print("A training without it was asked of Prefect." if is_asked else "Next: make pipeline  (trains without it)")
    code = EXIT_FAILURE if any(one.left for one in done) else EXIT_SUCCESS
    return code, [{**one.receipt, "path": one.path, "left": one.left} for one in done]


def _show(done: Done) -> None:
    """Say what was done and what is left."""
    receipt = done.receipt
    documents = _documents(receipt["documents"])
    if "documents" in receipt["places"]:
        print(f"Erased: {documents}; {receipt['tombstones']} tombstones keep out what was.")
    else:
        print(f"Nothing is deleted: {documents} may be learnt from no more.")
    _show_that_none_matches(receipt["documents"])
    for place, counts in receipt["places"].items():
        print(f"  {place:10} {_counted(counts)}")
    _show_versions(receipt)
    for moved in receipt["aliases"]:
        print(f"{moved['model']}: champion {_way(moved)} {moved['note']}".rstrip())
    _show_left(done.left)
    print(f"Receipt: {done.path}. Commit it with tombstones.csv.")


def _show_that_none_matches(documents: int) -> None:
    """Say that nothing was found: a misspelt name finds nothing, and its receipt would look like one that did."""
    if documents == 0:
        print("No document that is known here matches it. Is it spelt as `retune lineage` and the texts have it?")


def _documents(count: int) -> str:
    """Return a number of documents in words."""
    return f"{count} document{'s' * (count != 1)}"


def _way(moved: dict[str, str]) -> str:
    """Say from which version to which an alias went."""
    before, after = moved["before"], moved["after"]
    return f"{before} stays:" if before == after else f"{before} -> {after or 'none'}"


def _show_versions(told: dict[str, Any]) -> None:
    """Say which versions saw it, on which sides, and of which it cannot be told."""
    versions, lost = told["versions"], told["cannot_be_told"]
    for one in versions:
        print(f"{one['model']} version {one['version']} saw it: {', '.join(one['sides'])}")
    if not versions:
        print("No version is known to have seen it." if lost else "No version saw it.")
    for one in lost:
        print(f"{one['model']} version {one['version']} may have seen it: what it learnt from cannot be told any more.")


def _show_left(left: list[dict[str, Any]]) -> None:
    """Say what is still there, why, and what to do."""
    for one in left:
        print(f"STILL THERE: {one['place']}: {one['why']}. {one['todo']}")


def _counted(counts: dict[str, Any]) -> str:
    """Return counts as a person reads them."""
    flat = {
        f"{name} in {where}": n
        for name, value in counts.items()
        if isinstance(value, dict)
        for where, n in value.items()
    }
    flat |= {name: value for name, value in counts.items() if isinstance(value, int)}
    return ", ".join(f"{number} {name}" for name, number in flat.items()) or "nothing"


def _verify(path: Path, request: Request | None) -> tuple[int, Any]:
    """Check the signature of a receipt and, with a request, that it was made for that."""
    from retune.io.erasures import identity, verify
    from retune.io.tombstones import erasure_key

    key = erasure_key()
    receipt = verify(path, key)
    is_same = request is None or identity(request, key) == receipt["request"]
    print(f"{path}: signed with key {receipt['key_id']}, asked {receipt['asked']}")
    if request is not None:
        print("It is the receipt of this request." if is_same else "It is the receipt of another request.")
    told = {"receipt": receipt["receipt"], "is_signed": True, "is_of_this_request": is_same if request else None}
    return EXIT_SUCCESS if is_same else EXIT_FAILURE, told


def _quiet(_line: str) -> None:
    """Keep the lines of other programs from the list."""
