"""Programs for `python -c`: `sso-batch` that kills, signals or blocks its own process at a chosen moment.

Each takes its own arguments before those of `sso-batch`.
"""

KILLED = """
import os, signal, sys
from fnmatch import fnmatch
from sso_batch.store import Draft, folder
moment, pattern = sys.argv.pop(1), sys.argv.pop(1)
link, write = folder._link, Draft.write
def die(now, name):
    if now == moment and fnmatch(name, pattern):
        os.kill(os.getpid(), signal.SIGKILL)
def link_and_die(path, final):
    die("before", str(final))
    link(path, final)
    die("after", str(final))
def write_and_die(draft, data):
    write(draft, data)
    draft._file.flush()
    die("within", draft.name)
folder._link, Draft.write = link_and_die, write_and_die
from sso_batch.cli import main
main()
"""
"""Sends SIGKILL `before`, `within` or `after` the writing of a file whose path matches a pattern."""

SIGNALLED = """
import asyncio, os, sys, time
from fnmatch import fnmatch
from sso_batch.console.terminal import Terminal
from sso_batch.runner import finalize, merge, merged_files, run, run_review
from sso_batch.store import Draft
number, moment = int(sys.argv.pop(1)), sys.argv.pop(1)
def send(now):
    global number
    if fnmatch(now, moment) and number:
        os.kill(os.getpid(), number)
        number = 0
        time.sleep(0.2)
def signalling(owner, name, now):
    work = getattr(owner, name)
    def replaced(*arguments, **named):
        send(now)
        return work(*arguments, **named)
    setattr(owner, name, replaced)
signalling(merged_files.MergedFilesWriter, "write", "merged files")
signalling(run_review.RunReview, "review", "review")
signalling(merged_files, "write_human_format", "for people")
signalling(finalize, "write_document", "manifest")
signalling(finalize, "build_notice", "notice")
signalling(run, "log_completed", "completed")
signalling(merge, "log_completed", "completed")
signalling(Terminal, "show_summary", "summary")
prepare = Draft.__init__
def prepare_and_send(draft, name, *arguments):
    prepare(draft, name, *arguments)
    send(name)
Draft.__init__ = prepare_and_send
from sso_batch.cli import main
main()
"""
"""Sends a signal at one of the moments below, once, and continues."""

BEFORE_THE_MANIFEST = (
    "merged files",
    "review",
    "aws_sso_access_report_2*[0-9].csv",
    "*_findings.csv",
    "*_changes.csv",
    "for people",
    "*.html",
    "*.xlsx",
)
AT_THE_MANIFEST = ("manifest", "manifest.json", "notice")
"""Moments at the end of a run, in this order; some are patterns of the name of the file being started."""

AFTER_THE_MANIFEST = ("completed", "summary")
"""Moments after all files are written, in this order."""

HANGS_IN_REVIEW = """
import os, sys, time
from sso_batch.runner import run_review
number = int(sys.argv.pop(1))
def hang(review, organizations):
    os.kill(os.getpid(), number)
    time.sleep(60)
run_review.RunReview.review = hang
from sso_batch.cli import main
main()
"""
"""Sends a signal when the run is reviewed, and then hangs there without reacting to it."""

SIGNALLED_WHILE_WRITING = """
import os, sys, time
from sso_batch.store import Draft
numbers, beginning = sys.argv.pop(1).split(","), sys.argv.pop(1)
write = Draft.write
def write_and_signal(draft, data):
    write(draft, data)
    while beginning in draft.name and draft.name.endswith(".csv") and numbers:
        os.kill(os.getpid(), int(numbers.pop(0)))
        time.sleep(0.3)
Draft.write = write_and_signal
from sso_batch.cli import main
main()
"""
"""Sends signals, one after the other, during the first write to a CSV with this in its name, and goes on."""

SIGNALLED_WHILE_READING = """
import os, sys, time
from sso_batch.store import Folder
number, ending = int(sys.argv.pop(1)), sys.argv.pop(1)
read = Folder.read
def read_and_signal(folder, name):
    global number
    for chunk in read(folder, name):
        if name.endswith(ending) and number:
            os.kill(os.getpid(), number)
            number = 0
            time.sleep(0.3)
        yield chunk
Folder.read = read_and_signal
from sso_batch.cli import main
main()
"""
"""Sends a signal while it reads a file whose name ends so, and continues."""

SIGNALLED_BEFORE_THE_RUN = """
import os, sys
from sso_batch.store import FolderPlace
number = int(sys.argv.pop(1))
def prepare_and_signal(place):
    place.directory.mkdir()
    with place.run("probe").draft("probe"):
        os.kill(os.getpid(), number)
FolderPlace.prepare = prepare_and_signal
from sso_batch.cli import main
main()
"""
"""Sends a signal while the output folder is prepared, before the run handles signals."""

LIMITED_OPEN_FILES = """
import resource, sys
limit = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
from sso_batch.cli import main
main()
"""
"""Runs under a limit of open files."""

UNHURRIED_DEMO = """
from functools import partial
from sso_batch.aws.rate_limiter import TokenBucket
from sso_batch.commands import demo
from sso_batch.emulator import Emulator, Limits
TokenBucket.take = lambda *_: 0.0
demo.Emulator = partial(Emulator, limits=Limits.off())
from sso_batch.cli import main
main()
"""
"""Runs `demo` without the emulator's rate limits, and without the limiter that obeys them."""
