"""Cuboids as SUSTechPOINTS writes them, and where a calibrated camera sees them."""

import numpy as np


def turned(psr):
    """The eight corners of a cuboid as its file has it, in the frame of the LiDAR."""
    x, y, z = (psr["rotation"][axis] for axis in "xyz")
    rx = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
    ry = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    rz = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
    signs = np.array(np.meshgrid([-0.5, 0.5], [-0.5, 0.5], [-0.5, 0.5])).reshape(3, -1).T
    size = np.array([psr["scale"][axis] for axis in "xyz"])
    return signs * size @ (rz @ ry @ rx).T + [psr["position"][axis] for axis in "xyz"]


def seen(psr, camera, size):
    """The box of a cuboid in the picture, or None where the camera does not see all of it."""
    extrinsic, intrinsic = np.reshape(camera["extrinsic"], (4, 4)), np.reshape(camera["intrinsic"], (3, 3))
    corners = turned(psr) @ extrinsic[:3, :3].T + extrinsic[:3, 3]
    if corners[:, 2].min() < 0.5:
        return None
    pixels = corners @ intrinsic.T
    pixels = pixels[:, :2] / pixels[:, 2:]
    (left, top), (right, bottom) = pixels.min(0), pixels.max(0)
    if left < 0 or top < 0 or right > size[0] or bottom > size[1]:
        return None
    return {"kind": "box", "x": left, "y": top, "width": right - left, "height": bottom - top}
