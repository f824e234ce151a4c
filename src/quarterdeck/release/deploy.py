"""From a version that somebody wants in a slot to the steps that put it there, or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit

from quarterdeck.fleet.readings import Build, SlotReading
from quarterdeck.fleet.topology import Place
from quarterdeck.records import dataclass, replace
from quarterdeck.release.action import Deploy
from quarterdeck.release.filling import fill
from quarterdeck.release.outline import Outline, joined
from quarterdeck.release.plan import Effect, Facts, Fuse, Refusal, Risk, Step
from quarterdeck.release.settlement import deploy_facts
from quarterdeck.release.survey import DeploySurvey

Kind = Literal["image", "package"]


@dataclass(frozen=True, slots=True)
class Berth:
    """One place with the slot that is to be filled."""

    place: Place
    survey: DeploySurvey


def kind_of(artifact: str) -> Kind:
    """What an artifact is, by its form: a URL is a package, everything else a container image."""
    return "package" if artifact.lower().startswith(("https://", "http://")) else "image"


def artifact_for(action: Deploy, template: str) -> str:
    """What is to be put into the slot: what the action names, else the service's template with `$version` filled in;
    "" when neither says.

    Raises:
        ValueError: the template can't be filled.
    """
    target = action.target
    names = {"version": action.version, "service": target.name, "environment": target.environment}
    return action.artifact or fill(template, names)


def plan_deploys(action: Deploy, berths: Sequence[Berth], artifact: str, template: str = "") -> Outline | Refusal:
    """One step per place, in the order given; those that hold it already are left as they are. One place that can't
    be deployed to refuses them all. `template` is what the service's versions are made of, "" if nothing says so."""
    found = [
        plan_deploy(action, berth.place, berth.survey, artifact, _previous(action, berth.survey, template))
        for berth in berths
    ]
    refusals = [one for one in found if isinstance(one, Refusal)]
    for refusal in refusals:
        if refusal.code != "unchanged" or len(refusals) == len(found):
            return refusal
    outlines = tuple(one for one in found if isinstance(one, Outline))
    fuses = [outline.fuse for outline in outlines]
    fuse = next((one for one in fuses if not one.possible), fuses[0])
    return joined(outlines, fuse, ", ".join(dict.fromkeys(outline.who_feels_it for outline in outlines)))


def plan_deploy(
    action: Deploy, place: Place, survey: DeploySurvey, artifact: str, previous: str = ""
) -> Outline | Refusal:
    """The step that puts an artifact into a slot.

    The write names what shall be there, and the step's `before` what is: a runner that dies settles it by reading.
    What was there before is the way back, if the provider tells it; else `previous`, if that is known.
    """
    refusal = _of_artifact(action, place, survey, artifact) or _of_slot(action, place, survey)
    if refusal:
        return refusal
    slot, where = survey.slot, f"{place.target} {survey.slot.name}"
    before = {**deploy_facts(slot, survey.artifact, str(survey.facts.get("record", ""))), "build": _build_id(slot)}
    wanted = {"slot": slot.name, "artifact": artifact, "version": action.version}
    step = Step(
        id="1",
        verb="deploy",
        role="slots",
        target=place.target,
        address=place.address,
        summary=f"deploy {action.version} to {where}",
        change={**survey.facts, **wanted},
        before=before,
        after={"artifact": artifact, "version": action.version},
        undo=_undo(wanted, before, survey.artifact or previous),
        repeatable=kind_of(artifact) == "image",
    )
    return Outline(
        steps=(step,),
        effects=(Effect(where, "build", _version(slot.build), action.version),),
        risks=(*survey.risks, *_risks(survey, artifact, action.version)),
        fuse=_fuse(survey, survey.artifact or previous),
        who_feels_it=_who_feels_it(place, survey),
    )


def _of_artifact(action: Deploy, place: Place, survey: DeploySurvey, artifact: str) -> Refusal | None:
    where = f"{place.target} {survey.slot.name}"
    if not action.version:
        return Refusal("usage", f"{where}: no version is named", "say which: --version VERSION")
    if not artifact:
        return Refusal(
            "usage",
            f"nothing says what {action.version} of {place.target.whole} is made of",
            "name it with --artifact IMAGE or URL, or declare `artifact` for the service, with $version in it",
        )
    if kind_of(artifact) == "package":
        url = urlsplit(artifact)
        if url.query or url.username or url.password:
            return Refusal(
                "usage",
                f"{where}: the package's URL holds a signature or a password, and the journal keeps what is deployed",
                "use a URL without one; let the site's own identity read the package",
            )
    takes = survey.facts.get("takes", "")
    if takes and takes != kind_of(artifact):
        other = "a container image" if takes == "image" else "a package"
        return Refusal("impossible", f"{where} takes {other}, and {artifact} is none", "name another with --artifact")
    same = survey.artifact == artifact if survey.artifact else _version(survey.slot.build) == action.version
    return Refusal("unchanged", f"{where} holds {action.version} already") if same else None


def _of_slot(action: Deploy, place: Place, survey: DeploySurvey) -> Refusal | None:
    slot, where = survey.slot, f"{place.target} {survey.slot.name}"
    if slot.operation:
        return Refusal(
            "impossible",
            f"{where}: another operation is in progress ({slot.operation})",
            "wait until it has ended, then plan again",
        )
    pair = (
        (slot.preview_from, slot.name) if slot.preview_from else (slot.name, str(survey.facts.get("prepared_for", "")))
    )
    if all(pair):
        source, destination = pair
        return Refusal(
            "impossible",
            f"{where}: a swap of {source} into {destination} is prepared",
            f"complete or cancel it: qd swap {place.target} --from {source} --to {destination} --complete or --cancel",
        )
    if survey.live and not action.slot:
        return Refusal(
            "impossible",
            f"{where}: users reach this slot",
            f"take its traffic away first; or, if you mean it, name the slot: --slot {slot.name}",
        )
    return None


def _risks(survey: DeploySurvey, artifact: str, version: str) -> list[Risk]:
    slot, found = survey.slot, []
    if survey.live:
        text = f"users reach {slot.name}: they get {version} as soon as it has started, without a warm-up"
        found.append(Risk("danger", "deploys-live", text, "deploy to a slot that nobody reaches, then swap"))
    if slot.auto_swap_to:
        text = f"{slot.name} swaps itself into {slot.auto_swap_to} as soon as it has been deployed to"
        found.append(Risk("danger", "auto-swap", text, "switch auto swap off, or mean it"))
    if slot.deploys_from:
        text = f"{slot.deploys_from} deploys to {slot.name} by itself and may put something else there"
        found.append(Risk("warning", "deploys-by-itself", text, f"hold {slot.deploys_from} meanwhile"))
    if not slot.running:
        text = f"{slot.name} is stopped: whether the build starts will be seen only when it is started"
        found.append(Risk("warning", "stopped", text, f"start {slot.name} first"))
    if slot.last_swap is not None and not survey.live:
        text = f"{slot.name} holds {_version(slot.build)}, which a swap back would bring to users again; it is replaced"
        found.append(Risk("warning", "way-back", text, "wait until nobody wants to go back to it"))
    tag = _tag(artifact)
    if tag and tag != version:
        text = f"the image is tagged {tag}, not {version}: {tag} is what will be seen"
        found.append(Risk("warning", "other-version", text, "name the version that the image is tagged with"))
    return found


def _fuse(survey: DeploySurvey, back: str) -> Fuse:
    slot = survey.slot
    if not back:
        return Fuse(False, f"nobody tells what {slot.name} held before: going back is deploying that version again")
    lost = "requests in flight when the slot restarts" if survey.live else "nothing"
    how = f"deploy {back} to {slot.name} again"
    return Fuse(True, how, survey.seconds, lost, f"the next deployment to {slot.name}")


def _who_feels_it(place: Place, survey: DeploySurvey) -> str:
    name = survey.slot.name
    if survey.live:
        return f"the clients of {place.target} that {name} serves: it restarts"
    return f"nobody but those who use {name} of {place.target}: it restarts"


def _undo(wanted: Facts, before: Facts, back: str) -> Facts | None:
    return {**wanted, "artifact": back, "version": before["version"]} if back else None


_NUMBERED = re.compile(r"v?\d+(\.\d+)+([-+.][0-9A-Za-z.-]+)?")
"""What looks like a version, and not like the name of a record."""


def _previous(action: Deploy, survey: DeploySurvey, template: str) -> str:
    """What the version that a slot holds is made of, by the same template; "" where that can't be said."""
    held = survey.slot.build.version if survey.slot.build else ""
    if not _NUMBERED.fullmatch(held):
        return ""
    artifact = artifact_for(replace(action, version=held, artifact=""), template)
    return artifact if survey.facts.get("takes", "") in ("", kind_of(artifact)) else ""


def undo_of(step: Step) -> Deploy | Refusal:
    """The deployment that takes one back."""
    if step.undo is None:
        slot = step.change["slot"]
        return Refusal(
            "impossible",
            f"{step.target} {slot}: nobody told what was there before {step.change['version']}",
            f"deploy the version that you want there: qd deploy {step.target} --slot {slot} --version VERSION",
        )
    version = str(step.undo["version"]) or _tag(str(step.undo["artifact"])) or str(step.undo["artifact"])
    return Deploy(step.target, version, str(step.undo["slot"]), str(step.undo["artifact"]))


def plan_undo(step: Step, place: Place, survey: DeploySurvey) -> Outline | Refusal:
    """The step back, planned against what is there now; without steps when it is undone already."""
    action = undo_of(step)
    if isinstance(action, Refusal):
        return action
    outline = plan_deploy(action, place, survey, action.artifact)
    if isinstance(outline, Refusal):
        return Outline(()) if outline.code == "unchanged" else outline
    if _still_holds(step, survey):
        return outline
    text = f"{step.target} {survey.slot.name} was deployed to since: it holds {_version(survey.slot.build)}"
    risk = Risk("danger", "changed-since", text, "ask who did: going back takes that back too")
    return replace(outline, risks=(risk, *outline.risks))


def _still_holds(step: Step, survey: DeploySurvey) -> bool:
    """Whether the slot holds what the step put there, as far as is known."""
    if survey.artifact:
        return bool(survey.artifact == step.after["artifact"])
    held = survey.slot.build.version if survey.slot.build else ""
    return held in ("", step.after["version"])


def _tag(artifact: str) -> str:
    """The tag of an image; "" for a digest or a package."""
    if kind_of(artifact) == "package" or "@" in artifact:
        return ""
    return artifact.rpartition("/")[2].partition(":")[2]


def _version(build: Build | None) -> str:
    return (build.version or build.id or "unknown") if build else "unknown"


def _build_id(slot: SlotReading) -> str:
    return slot.build.id if slot.build else ""
