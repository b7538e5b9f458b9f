"""Models on a server of one's own."""

import pytest

from penstock.domain.quota import Usage
from penstock.providers.catalogue import of_own_server


def test_the_models_are_offered_in_their_order_and_cost_nothing() -> None:
    first, second = of_own_server("llama3.2, qwen3:8b")
    assert (first.id, second.id) == ("llama3.2", "qwen3:8b")
    assert (first.provider, first.features) == ("openai", ("text", "json"))
    assert (first.context_limit, first.output_limit) == (32_768, 16_384)
    used = first.booked(Usage(input=1_000_000, output=1_000_000, calls=1))
    assert (used.cost, used.tokens) == (0, 2_000_000)


@pytest.mark.parametrize(
    "name", ["hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M", "org/model@v1", "a", "Qwen3_8B+x"]
)
def test_names_are_as_servers_list_them(name: str) -> None:
    assert [model.id for model in of_own_server(name)] == [name]


def test_blanks_stray_commas_and_repetitions_say_nothing() -> None:
    assert [model.id for model in of_own_server(" llama3.2,,llama3.2 ,\tqwen3:8b, ")] == ["llama3.2", "qwen3:8b"]


@pytest.mark.parametrize(
    "names", ["my model", "llama3.2; qwen3", "-llama", "llama3.2, schön", '"llama3.2"', "a" * 129, ",", " , "]
)
def test_what_cannot_be_a_name_is_said_with_a_remedy(names: str) -> None:
    with pytest.raises(ValueError, match=r"OPENAI_MODELS: .* cannot be a model's name: .* separated by commas"):
        of_own_server(names)
