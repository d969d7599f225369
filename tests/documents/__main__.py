"""`python -m tests.documents`: write the generated documents again."""

from tests.documents.generated import DOCUMENTS

if __name__ == "__main__":
    for path, make in DOCUMENTS.items():
        path.write_text(make())
