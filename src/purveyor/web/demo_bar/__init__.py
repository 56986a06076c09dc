"""The strip above every page of the demo: become somebody else, move the clock, unplug the ERP, begin anew."""
