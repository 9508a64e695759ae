"""Names that a site table leaves out: bands of channels, identities of sites and cells."""

from __future__ import annotations

import numpy as np
import pandas as pd

from covermap.core.inputs import site_values as values
from covermap.core.inputs.channels import lte_band, nr_band


def with_bands(frame: pd.DataFrame) -> pd.DataFrame:
    """Give bands by channel numbers where the table names none."""
    arfcn = frame["arfcn"].to_numpy(np.float64)
    derived = np.full(len(frame), None, object)
    lte = frame["technology"].isin(["lte", "nbiot"]).to_numpy() & np.isfinite(arfcn)
    band = lte_band(arfcn)
    derived[lte & (band > 0)] = ["B" + str(b) for b in band[lte & (band > 0)]]
    nr = frame["technology"].isin(["nr", "redcap"]).to_numpy() & np.isfinite(arfcn)
    plmn = frame["operator"].fillna("").astype(str).to_numpy(object)
    country = np.array([p[:3] if p.isdigit() else "" for p in plmn], object)
    for number, mcc in sorted(set(zip(arfcn[nr].astype(int), country[nr], strict=True))):
        found = nr_band(int(number), mcc or None)
        if found:
            derived[nr & (arfcn == number) & (country == mcc)] = f"n{found}"
    missing = frame["band"].isna().to_numpy()
    return frame.assign(band=np.where(missing, derived, frame["band"].astype(object)))


def identified(frame: pd.DataFrame) -> pd.DataFrame:
    """Give identities to sites and cells that have none, whatever the order of the rows."""
    operator = frame["operator"].fillna("")
    made = [
        values.place_identity(o, lon, lat)
        for o, lon, lat in zip(operator, frame["lon"], frame["lat"], strict=True)
    ]
    site = frame["site_id"].where(frame["site_id"].notna(), pd.Series(made, frame.index))
    frame = frame.assign(site_id=site.astype(object))
    unnamed = frame["cell_id"].isna()
    order = frame[unnamed].sort_values(["operator", "site_id", *_BY_VALUE], kind="stable")
    number = order.groupby(["operator", "site_id"], dropna=False).cumcount() + 1
    names = order["site_id"] + "/" + number.astype(str)
    cell = frame["cell_id"].astype(object)
    cell.loc[names.index] = names
    return frame.assign(cell_id=cell)


_BY_VALUE = (
    "technology", "band", "arfcn", "azimuth_deg", "pci", "cell_name", "lon", "lat", "height_m",
    "tilt_deg", "power_dbm", "tac", "opened",
)  # fmt: skip
