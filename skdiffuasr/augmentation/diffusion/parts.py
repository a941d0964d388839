"""From the augmenter's parameters to its parts, which names may stand for."""

from typing import Any

from skdiffuasr._fitted import FixedByFitMixin
from skdiffuasr._sklearn_compat import HasMethods, StrOptions
from skdiffuasr.augmentation.diffusion import (
    denoisers,
    guidance,
    item_embeddings,
    samplers,
    schedules,
)
from skdiffuasr.augmentation.diffusion.guidance import BaseGuidance
from skdiffuasr.augmentation.diffusion.item_embeddings import (
    BaseItemEmbeddings,
    GivenEmbeddings,
)
from skdiffuasr.augmentation.diffusion.part import Part, fixed_values, names
from skdiffuasr.augmentation.diffusion.samplers import BaseSampler
from skdiffuasr.augmentation.diffusion.schedules import BaseSchedule
from skdiffuasr.augmentation.diffusion.training import DenoiserTraining

#: The parts that a name can stand for, by parameter and name.
NAMED = {
    "guidance": names(guidance),
    "denoiser": names(denoisers),
    "schedule": names(schedules),
    "sampler": names(samplers),
    "item_embeddings": names(item_embeddings),
}

#: What an object must be to be a part.
_KINDS: dict[str, list[Any]] = {
    "guidance": [BaseGuidance, None],
    "denoiser": [HasMethods(["build", "get_params", "set_params"])],
    "schedule": [BaseSchedule],
    "sampler": [BaseSampler],
    "item_embeddings": [BaseItemEmbeddings, *GivenEmbeddings.VECTORS],
}

PART_CONSTRAINTS: dict[str, list[Any]] = {
    **{
        parameter: [StrOptions(set(NAMED[parameter])), *kinds]
        for parameter, kinds in _KINDS.items()
    },
    "training": [DenoiserTraining, None],
}


class PartsMixin(FixedByFitMixin):
    """Check the parts of an augmenter, and what its weights depend on."""

    def _part(self, parameter: str) -> Any:
        """Return the part that a parameter asks for; None for no guidance."""
        given = getattr(self, parameter)
        if parameter == "training":
            return DenoiserTraining() if given is None else given
        if isinstance(given, str):
            named = NAMED[parameter]
            if given not in named:
                raise ValueError(
                    f"{parameter}={given!r} is not the name of a part; use one of "
                    f"{sorted(named)}, or an object."
                )
            return named[given]()
        if parameter == "item_embeddings" and not isinstance(given, BaseItemEmbeddings):
            return GivenEmbeddings(given)
        return given

    def _parts(self) -> dict[str, Any]:
        """Return all parts by parameter; there is no guidance where it is None."""
        parts = {parameter: self._part(parameter) for parameter in PART_CONSTRAINTS}
        return {name: part for name, part in parts.items() if part is not None}

    def _fixed_parameters(self) -> dict[str, Any]:
        fixed = super()._fixed_parameters()
        for parameter, part in self._parts().items():
            if parameter == "guidance":
                # Another guidance may be chosen, but not for the weights of this one.
                if part.trains:
                    values = fixed_values(parameter, part)
                    fixed["class of guidance"] = values.pop(parameter)
                    fixed |= values
            elif parameter != "sampler":
                fixed |= fixed_values(parameter, part)
        return fixed

    def _validate_params(self) -> None:
        super()._validate_params()  # type: ignore[misc]
        for part in self._parts().values():
            if isinstance(part, Part):
                part._validate_params()

    def _check_parameters(self: Any) -> None:
        parts = self._parts()
        for part in parts.values():
            if isinstance(part, Part):
                part.check()
        parts["sampler"].timesteps(parts["schedule"].n_timesteps)
        if "guidance" in parts:
            parts["guidance"].check_training(parts["training"], self.guidance_scale)
