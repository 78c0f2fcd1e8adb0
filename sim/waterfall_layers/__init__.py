"""Who pays when an account cannot: the order of the list in a venue's rules is the order of payment."""

from typing import Annotated

from pydantic import Field

from sim.waterfall_layers.auto_deleveraging import AutoDeleveraging
from sim.waterfall_layers.insurance_fund import InsuranceFund

WaterfallLayer = Annotated[InsuranceFund | AutoDeleveraging, Field(discriminator="kind")]
PARTS = (InsuranceFund, AutoDeleveraging)

__all__ = ["PARTS", "AutoDeleveraging", "InsuranceFund", "WaterfallLayer"]
