"""Ways of one `[[lines]]` entry: read, named by the lines beside them, chosen by number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from covermap.core.geodesy import Floats, Ints
from covermap.core.lines.asides import RAILWAYS, side_kinds_by_name, side_tracks_by_shape
from covermap.core.lines.chains import Limits, draw_courses, join_ways
from covermap.core.lines.filling import fill_names
from covermap.core.lines.inventory import (
    Objects,
    Ways,
    has_name,
    join_lists,
    route_groups,
    way_lengths_m,
)
from covermap.core.lines.links import SideWays
from covermap.core.lines.naming import carry_along, labels_beside
from covermap.core.lines.turnbacks import cut_where_they_turn_back
from covermap.errors import ConfigError
from covermap.formats.ways import FIELDS, NOT_COUNTED, read_labels, read_ways
from covermap.steps.lines.journal import Journal
from covermap.workspace import Lines

NAME_DISTANCE_M = 150.0
NAME_ANGLE_DEG = 25.0


def check_declaration(declaration: Lines) -> None:
    """Refuse an entry that names unknown fields, no class, or segments too short."""
    where = f"lines {declaration.name}"
    unknown = sorted(set(declaration.fields) - set(FIELDS))
    if unknown:
        known = ", ".join(FIELDS)
        raise ConfigError(f"{where}: fields: no field {unknown[0]!r}. There are: {known}.")
    if declaration.line_class is None and "class" not in declaration.fields:
        raise ConfigError(
            f'{where}: the class is not known: write line_class = "rail", or fields = '
            '{ class = "attribute" } and classes = { written = "ours" }.'
        )
    if declaration.segment_m is not None and not declaration.segment_m >= 1:
        raise ConfigError(f"{where}: segment_m = {declaration.segment_m} is below 1 m.")


def ways_of(declaration: Lines, journal: Journal) -> tuple[Ways, SideWays]:
    """Read the ways of every file of an entry: those that make lines, and those that make none."""
    parts, side = [], []
    for path, shown in journal.files(declaration, declaration.files):
        ways, more, notes = read_ways(path, shown, declaration)
        journal.take(declaration, shown, notes)
        parts.append(ways)
        side.append(more)
    kinds = np.concatenate([part.kind for part in side])
    return join_lists(parts), SideWays(join_lists([part.ways for part in side]), kinds)


def named(declaration: Lines, ways: Ways, journal: Journal) -> Ways:
    """Give unnamed ways the ref and name of the named line beside them, then along the course."""
    labels, label, geometry = _labels(declaration, journal)
    unnamed = pd.isna(ways.ref) & pd.isna(ways.name)
    beside = labels_beside(ways.geometry, geometry, label, NAME_DISTANCE_M, NAME_ANGLE_DEG)
    beside = np.where(unnamed, beside, -1)
    chains = join_ways(ways.geometry, route_groups(ways), Limits())
    length = way_lengths_m(ways.geometry)
    carried = carry_along(beside, chains.chain, chains.position, length)
    carried = np.where(unnamed, carried, -1)
    new = (carried >= 0) & (beside < 0)
    km = f"{length[new].sum() / 1000:.1f} km"
    journal.tell(declaration, "name_carried_along", int(new.sum()), "named", km)
    ref, name, got = ways.ref.copy(), ways.name.copy(), carried >= 0
    ref[got] = labels["ref"].to_numpy(object)[carried[got]]
    name[got] = labels["name"].to_numpy(object)[carried[got]]
    return replace(ways, ref=ref, name=name)


def _labels(declaration: Lines, journal: Journal) -> tuple[pd.DataFrame, Ints, Objects]:
    """Distinct refs and names of the names file, and the lines that carry them."""
    parts = []
    for path, shown in journal.files(declaration, (str(declaration.names_from),)):
        table, notes = read_labels(path, shown, declaration.datum)
        journal.take(declaration, shown, notes)
        parts.append(table)
    every = pd.concat(parts, ignore_index=True)
    key = every["ref"].where(every["ref"].notna(), every["name"]).astype(str)
    label = np.unique(key.to_numpy(object).astype(str), return_inverse=True)[1].astype(np.int64)
    ordered = every.assign(label=label).sort_values(["label", "ref", "name"])
    labels = ordered.drop_duplicates("label")[["ref", "name"]].astype(object)
    labels = labels.where(labels.notna(), None)
    return labels.reset_index(drop=True), label, every["geometry"].to_numpy(object)


def only(declaration: Lines, ways: Ways, journal: Journal) -> Ways:
    """Keep the ways with one of the numbers asked for."""
    if not declaration.only_refs:
        return ways
    known = sorted({str(r) for r in ways.ref if r is not None})
    for ref in declaration.only_refs:
        if ref not in known:
            raise ConfigError(
                f"lines {declaration.name}: only_refs: no line has ref {ref!r}. "
                f"There are: {', '.join(known[:20]) or 'none'}."
            )
    keep = np.isin(ways.ref.astype(str), declaration.only_refs)
    journal.tell(declaration, "other_ref", int((~keep).sum()), "left aside")
    return ways.take(keep)


def filled(declaration: Lines, ways: Ways, journal: Journal) -> Ways:
    """Give nameless ways inside a named line its name."""
    made, length = fill_names(ways, Limits())
    km = f"{length.sum() / 1000:.1f} km"
    journal.tell(declaration, "nameless_way_inside_a_line", len(length), "named", km)
    return made


def running_lines(
    declaration: Lines, ways: Ways, side: SideWays, journal: Journal
) -> tuple[Ways, SideWays]:
    """Put tracks of railways that make no route to the side ways: by name, then by shape."""
    length = way_lengths_m(ways.geometry)
    kind = side_kinds_by_name(ways.line_class, ways.name)
    aside = pd.notna(kind)
    tell_km(declaration, journal, "side_track_by_name", length[aside], NOT_COUNTED)
    side = side.and_also(ways.take(aside), kind[aside])
    ways, length = ways.take(~aside), length[~aside]
    if not np.isin(ways.line_class.astype(str), RAILWAYS).any():
        return ways, side
    named = has_name(ways)
    chains = join_ways(ways.geometry, route_groups(ways), Limits(), named)
    courses = draw_courses(ways.geometry, chains)
    first = np.unique(chains.chain, return_index=True)[1]
    whole = np.bincount(chains.chain, weights=length).astype(float)
    aside = side_tracks_by_shape(courses.geometry, whole, ways.line_class[first], ~named[first])
    aside = aside[chains.chain]
    tell_km(declaration, journal, "side_track_by_shape", length[aside], NOT_COUNTED)
    other = np.full(int(aside.sum()), "other", object)
    return ways.take(~aside), side.and_also(ways.take(aside), other)


def tell_km(declaration: Lines, journal: Journal, kind: str, length_m: Floats, action: str) -> None:
    """Note so many ways or courses, and their length together."""
    km = f"{length_m.sum() / 1000:.1f} km"
    journal.tell(declaration, kind, len(length_m), action, km)


def parted(declaration: Lines, ways: Ways, journal: Journal) -> Ways:
    """Cut ways that are drawn out on one carriageway and back on the other."""
    geometry, way = cut_where_they_turn_back(ways.geometry)
    cuts = len(geometry) - len(ways)
    journal.tell(declaration, "turns_back", cuts, "cut there")
    return replace(ways.take(way), geometry=geometry)
