#!/usr/bin/env python3
"""Golden files for the LSTM autoencoder, computed by PyTorch in double precision.

  scripts/make-torch-goldens.py PATH/TO/lstm_autoencoder_torch.py [--out Tests/AutoencodersTests/Goldens]

The network is the class LSTMAutoencoder of the file given. Each golden is one safetensors file:
  metadata   features, window, hidden (comma-separated), batch, clip (empty: none), rate
  parameter/<name>, windows        float32: the inputs, exactly representable in both precisions
  output, loss, gradient/<name>    float64: forward pass and gradients of the mean squared error
  losses                           float64 [10]: the loss before each of ten steps of Adam on the same windows
  final/<name>                     float64: the parameters after them
The files are small on purpose: odd sizes, sizes of one, one to three layers, one with clipping.
"""
import argparse
import importlib.util
import pathlib

import torch
from safetensors.torch import save_file

CASES = {
    "two-layers": dict(features=3, window=5, hidden=[4, 2], batch=4, clip=None),
    "ones": dict(features=1, window=1, hidden=[1], batch=1, clip=None),
    "three-layers": dict(features=5, window=7, hidden=[6, 4, 3], batch=3, clip=None),
    "clipped": dict(features=4, window=6, hidden=[5, 3], batch=5, clip=0.05),
    "long": dict(features=6, window=20, hidden=[9, 5], batch=8, clip=1.0),
}
RATE = 0.01


def golden(module, seed, features, window, hidden, batch, clip):
    torch.manual_seed(seed)
    model = module.LSTMAutoencoder(features, window, hidden)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    windows = torch.randn(batch, window, features)
    result = {f"parameter/{name}": value for name, value in state.items()}
    result["windows"] = windows.clone()

    model = model.double()
    x = windows.double()
    output = model(x)
    loss = torch.nn.functional.mse_loss(output, x)
    loss.backward()
    result["output"] = output.detach().clone()
    result["loss"] = loss.detach().reshape(1).clone()
    for name, parameter in model.named_parameters():
        result[f"gradient/{name}"] = parameter.grad.clone()

    optimizer = torch.optim.Adam(model.parameters(), RATE)
    losses = []
    for _ in range(10):
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.mse_loss(model(x), x)
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        losses.append(loss.item())
    result["losses"] = torch.tensor(losses, dtype=torch.float64)
    for name, parameter in model.named_parameters():
        result[f"final/{name}"] = parameter.detach().clone()
    metadata = dict(features=str(features), window=str(window), hidden=",".join(map(str, hidden)), batch=str(batch),
                    clip="" if clip is None else repr(clip), rate=repr(RATE))
    return result, metadata


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", help="the file that defines LSTMAutoencoder")
    parser.add_argument("--out", default="Tests/AutoencodersTests/Goldens")
    options = parser.parse_args()
    torch.set_num_threads(1)
    spec = importlib.util.spec_from_file_location("network", options.network)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = pathlib.Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, case) in enumerate(CASES.items()):
        tensors, metadata = golden(module, seed, **case)
        save_file(tensors, folder / f"{name}.safetensors", metadata=metadata)
        print(name, sum(t.numel() for t in tensors.values()), "numbers")


if __name__ == "__main__":
    main()
