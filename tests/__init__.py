import gc

# Nearly all that is looked at for garbage is still needed: a look every 700 new objects is a twentieth of the run.
gc.set_threshold(50_000, 20, 100)
