// Preselect the reader's own time zone: <select data-local-zone>.
// Only where nothing was chosen and no time is typed yet, so that no instant moves.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

for (const select of document.querySelectorAll("select[data-local-zone]")) {
  const times = select.form.querySelectorAll('input[type="datetime-local"]');
  const isUntouched = select.value === "UTC" && [...times].every((time) => !time.value);
  const hasZone = [...select.options].some((option) => option.value === zone);
  if (isUntouched && hasZone) select.value = zone;
}
