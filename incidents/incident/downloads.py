"""Send a file to a browser that must not open it."""

from django.http import FileResponse

from incidents.incident.attachments import open_attachment
from incidents.incident.models import Attachment

# Whatever the bytes are, a browser that opens them runs nothing.
DOWNLOAD_POLICY = "default-src 'none'; sandbox"


def download_response(attachment: Attachment) -> FileResponse:
    """Return the file as a download that no browser opens in this site's name."""
    response = FileResponse(
        open_attachment(attachment),
        as_attachment=True,
        filename=attachment.filename,
        content_type="application/octet-stream",
    )
    response["Content-Length"] = str(attachment.size_bytes)
    response["Content-Security-Policy"] = DOWNLOAD_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
