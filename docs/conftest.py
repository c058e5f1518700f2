"""pytest runs the examples in these pages; scripts are run where the site is built."""

import torch

torch.set_num_threads(1)

collect_ignore_glob = ["*.py", "_build", "auto_gallery", "api/generated"]
