"""Access review campaigns: what is decided, by whom, and the proof that it was carried out.

Everything works on the files of runs and of the campaign's own folder; nothing calls AWS.
"""
