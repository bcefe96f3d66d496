"""The models of the epochs benchmark: their data, and the same loss as users of PyTorch and of JAX write it.

Each loss takes the library, the parameters and a batch, both by the names of chainrule's gallery.
"""

HEADS, DEPTH = 4, 3
TEXTS = {"gpt": (32, 32, 65), "gpt-sort": (11, 6, 3)}  # tokens read, tokens told, kinds of tokens


def data(model, samples):
    """Inputs and targets by tensor name: float32, or whole numbers for classes and tokens."""
    import numpy as np

    rng = np.random.default_rng(0)
    if model == "example-net":
        x, y = rng.normal(size=(samples, 3, 10, 20)), rng.normal(size=(samples, 10))
        return {"image": x.astype("f"), "y": y.astype("f")}
    if model == "conv-net":
        return {"x": rng.normal(size=(samples, 1, 8, 8)).astype("f"), "t": rng.integers(0, 10, samples)}
    read, told, tokens = TEXTS[model]
    return {
        "tokens": rng.integers(0, tokens, (samples, read)),
        "following": rng.integers(0, tokens, (samples, told)),
    }


def parameters(model):
    """Initial parameters, the same for every peer."""
    from numeric.training.initial import initial_parameters
    from symbolic.language.gallery import GALLERY

    return initial_parameters(GALLERY[model].build(), seed=0, dtype="float32")


def torch_loss(t, model, p, batch):
    """The models in PyTorch's own functions."""
    return {"example-net": _torch_net, "conv-net": _torch_conv}.get(model, _torch_gpt)(t, p, batch)


def _torch_net(t, p, batch):
    h = batch["image"].flatten(1)
    for k in (1, 2):
        h = t.relu(t.nn.functional.linear(h, p[f"W_{k}"], p[f"b_{k}"]))
    return ((t.nn.functional.linear(h, p["W_3"], p["b_3"]) - batch["y"]) ** 2).sum(1).mean()


def _torch_conv(t, p, batch):
    f, h = t.nn.functional, batch["x"]
    for k in (1, 2):
        h = f.max_pool2d(t.relu(f.conv2d(h, p[f"W_{k}"], p[f"b_{k}"], padding=1)), 2)
    return f.cross_entropy(f.linear(h.flatten(1), p["W_3"], p["b_3"]), batch["t"])


def _torch_gpt(t, p, batch):
    f, x = t.nn.functional, p["E_tok"][batch["tokens"]] + p["E_pos"]
    count, length, width = x.shape

    def norm(x, label):
        return f.layer_norm(x, (width,), p[f"gamma_{label}"], p[f"beta_{label}"])

    for k in range(1, DEPTH + 1):
        y = norm(x, f"a{k}")
        q, key, v = (
            f.linear(y, p[f"W_{n}_{k}"]).view(count, length, HEADS, width // HEADS).transpose(1, 2) for n in "qkv"
        )
        mixed = f.scaled_dot_product_attention(q, key, v, is_causal=True).transpose(1, 2).reshape(count, length, width)
        x = x + f.linear(mixed, p[f"W_o_{k}"])
        inner = f.gelu(f.linear(norm(x, f"b{k}"), p[f"W_{k}"], p[f"b_{k}"]), approximate="tanh")
        x = x + f.linear(inner, p[f"U_{k}"], p[f"c_{k}"])
    told = batch["following"]
    scores = f.linear(norm(x, "f"), p["W_out"])[:, length - told.shape[1] :]
    return f.cross_entropy(scores.flatten(0, 1), told.flatten())


def jax_loss(jax, model, p, batch):
    """The models in JAX's own functions."""
    return {"example-net": _jax_net, "conv-net": _jax_conv}.get(model, _jax_gpt)(jax, p, batch)


def _jax_net(jax, p, batch):
    h = batch["image"].reshape(batch["image"].shape[0], -1)
    for k in (1, 2):
        h = jax.nn.relu(h @ p[f"W_{k}"].T + p[f"b_{k}"])
    return ((h @ p["W_3"].T + p["b_3"] - batch["y"]) ** 2).sum(1).mean()


def _jax_conv(jax, p, batch):
    jnp, h = jax.numpy, batch["x"]
    for k in (1, 2):
        h = jax.lax.conv(h, p[f"W_{k}"], (1, 1), "SAME") + p[f"b_{k}"][:, None, None]
        h = jax.lax.reduce_window(jax.nn.relu(h), -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return _jax_entropy(jax, h.reshape(h.shape[0], -1) @ p["W_3"].T + p["b_3"], batch["t"])


def _jax_gpt(jax, p, batch):
    jnp, x = jax.numpy, p["E_tok"][batch["tokens"]] + p["E_pos"]
    count, length, width = x.shape
    seen = jnp.tril(jnp.ones((length, length), bool))

    def norm(x, label):
        c = x - x.mean(-1, keepdims=True)
        return c / jnp.sqrt((c * c).mean(-1, keepdims=True) + 1e-5) * p[f"gamma_{label}"] + p[f"beta_{label}"]

    def heads(x):
        return x.reshape(count, length, HEADS, width // HEADS).swapaxes(1, 2)

    for k in range(1, DEPTH + 1):
        y = norm(x, f"a{k}")
        q, key, v = (heads(y @ p[f"W_{n}_{k}"].T) for n in "qkv")
        weights = jax.nn.softmax(jnp.where(seen, q @ key.swapaxes(-1, -2) / (width // HEADS) ** 0.5, -jnp.inf))
        x = x + (weights @ v).swapaxes(1, 2).reshape(x.shape) @ p[f"W_o_{k}"].T
        inner = jax.nn.gelu(norm(x, f"b{k}") @ p[f"W_{k}"].T + p[f"b_{k}"], approximate=True)
        x = x + inner @ p[f"U_{k}"].T + p[f"c_{k}"]
    told = batch["following"]
    return _jax_entropy(jax, (norm(x, "f") @ p["W_out"].T)[:, length - told.shape[1] :], told)


def _jax_entropy(jax, scores, told):
    return -jax.numpy.take_along_axis(jax.nn.log_softmax(scores), told[..., None], -1).mean()
