"""The processors a run can use, and how to use each one well."""

from __future__ import annotations

import os
from typing import Any

import psutil
import torch

from studio.text import tr


class DeviceError(ValueError):
    """The chosen device is not there; the message says which are."""


def list_devices() -> list[dict[str, Any]]:
    """What this machine has: key, name, memory_bytes and free_bytes of each, best first."""
    found = [*_cuda_devices(), *_mps_devices()]
    memory = psutil.virtual_memory()
    count = _cores()
    name = tr("CPU · {count} cores", count=count)
    cpu = {"key": "cpu", "name": name, "memory_bytes": memory.total, "free_bytes": memory.available}
    return [*found, cpu]


def choose_device(wanted: str) -> torch.device:
    """The device for "auto", "cpu", "cuda", "cuda:1" or "mps".

    Raises:
        DeviceError: it is not there.
    """
    keys = [device["key"] for device in list_devices()]
    if wanted == "auto":
        return torch.device(keys[0])
    key = "cuda:0" if wanted == "cuda" else wanted
    if key not in keys:
        text = "There is no device {wanted} here. Choose one of: {keys}."
        raise DeviceError(tr(text, wanted=wanted, keys=", ".join(["auto", *keys])))
    return torch.device(key)


def prepare_device(device: torch.device, threads: int = 0) -> None:
    """Settings of the whole process that make a run on ``device`` fast."""
    # One core stays free for the window; with all cores busy, threads that wait for each other cost far more
    # than they bring (measured: a batch took 15 ms on two threads of a loaded two-core machine, 0.03 on one).
    torch.set_num_threads(threads or max(1, min(_cores() - 1, 16)))
    # Denormal numbers are 100 times slower than others on most processors and say nothing in training.
    torch.set_flush_denormal(True)
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.set_float32_matmul_precision("high")
        torch.backends.cudnn.benchmark = True


def memory_peak(device: torch.device) -> int:
    """Bytes taken on ``device`` at most so far; 0 when it doesn't say."""
    return int(torch.cuda.max_memory_allocated(device)) if device.type == "cuda" else 0


def _cuda_devices() -> list[dict[str, Any]]:
    devices = []
    for index in range(torch.cuda.device_count()):
        try:
            free, total = torch.cuda.mem_get_info(index)
        except RuntimeError:  # listed, but the driver doesn't answer: after sleep, say
            continue
        name = torch.cuda.get_device_name(index)
        devices.append({"key": f"cuda:{index}", "name": name, "memory_bytes": total, "free_bytes": free})
    return devices


def _mps_devices() -> list[dict[str, Any]]:
    if not torch.backends.mps.is_available():
        return []
    memory = psutil.virtual_memory()
    return [{"key": "mps", "name": "Apple GPU", "memory_bytes": memory.total, "free_bytes": memory.available}]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def answer_ready(args: dict[str, Any], progress: object) -> dict[str, Any]:
    """The first request of every window: torch is loaded when the answer comes."""
    return {"torch": str(torch.__version__), "pid": os.getpid()}


def answer_devices(args: dict[str, Any], progress: object) -> dict[str, Any]:
    """The devices with their memory."""
    return {"devices": list_devices()}
