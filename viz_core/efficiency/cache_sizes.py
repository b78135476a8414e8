"""How large a KV cache gets: of the loaded model and of published ones, at any length."""

from viz_core.analysis.parameters import GPT3, LLAMA_2_70B, MISTRAL_7B, Shape

# Radford et al. 2019, table 2 (layers and d_model), and the published configurations (heads, always 64 wide)
GPT2 = {
    name: Shape(
        d_model=64 * heads,
        n_head=heads,
        d_head=64,
        n_layer=layers,
        n_kv_head=heads,
        bias=True,
        all_parameters=parameters,
        context=1024,
    )
    for name, layers, heads, parameters in (
        ("GPT-2 small", 12, 12, 124_439_808),
        ("GPT-2 medium", 24, 16, 354_823_168),
        ("GPT-2 large", 36, 20, 774_030_080),
        ("GPT-2 XL", 48, 25, 1_557_611_200),
    )
}
PUBLISHED = GPT2 | {"GPT-3": GPT3, "Llama 2 70B": LLAMA_2_70B, "Mistral 7B": MISTRAL_7B}
LENGTHS = (1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 200_000, 1_000_000)
WIDTHS = {"fp32": 4, "fp16": 2, "int8": 1}  # bytes a number
