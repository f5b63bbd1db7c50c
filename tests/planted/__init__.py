"""Classic mistakes, planted into the real code for one run each: the checks must name every one."""
