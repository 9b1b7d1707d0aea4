import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # saml_documents.py, sts_kit.py, beside the tests
