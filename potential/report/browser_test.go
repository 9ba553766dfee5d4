package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browse opens a page in a real browser and returns its document, as it is once
// all has run, and what the browser wrote to its console.
func browse(t *testing.T, page string) (dom string, console []string) {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not here (Debian: apt-get install chromium)")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--enable-logging=stderr", "--window-size=1200,900", "--dump-dom", "file://"+path)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, &errs)
	}
	for _, line := range strings.Split(errs.String(), "\n") {
		if strings.Contains(line, ":CONSOLE") {
			console = append(console, line)
		}
	}
	return out.String(), console
}

// measureLayout is run by the browser beside the page in a frame of each width:
// it lists what sticks out, of the page and of its pictures.
const measureLayout = `<!doctype html><html><body>%s<pre id="found"></pre><script>
onload = () => {
  const found = [];
  for (const frame of document.querySelectorAll("iframe")) {
    const d = frame.contentDocument, w = frame.width;
    const say = (what) => found.push(w + " px: " + what);
    if (d.documentElement.scrollWidth > frame.clientWidth) say("the page is " + d.documentElement.scrollWidth + " px wide");
    const pictures = d.querySelectorAll("figure > svg");
    say("pictures " + pictures.length);
    for (const svg of pictures) {
      const box = svg.getBoundingClientRect();
      if (box.width < 200 || box.height < 100) say("a picture of " + box.width + " by " + box.height);
      for (const text of svg.querySelectorAll("text")) {
        const r = text.getBoundingClientRect();
        if (r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 1 || r.bottom > box.bottom + 1) say("outside its picture: " + text.textContent);
      }
    }
    for (const e of d.querySelectorAll("p, dd, dt, h1, h2, .verdicts td")) {
      if (e.getBoundingClientRect().right > frame.clientWidth + 1) say("outside the page: " + e.textContent.slice(0, 60));
    }
  }
  document.getElementById("found").textContent = JSON.stringify(found);
};
</script></body></html>`

// layout returns what measureLayout found for the page at the widths.
func layout(t *testing.T, page string, widths ...int) (found []string) {
	t.Helper()
	var frames strings.Builder
	for _, w := range widths {
		fmt.Fprintf(&frames, `<iframe width="%d" height="800" srcdoc="%s"></iframe>`, w, html.EscapeString(page))
	}
	dom, _ := browse(t, fmt.Sprintf(measureLayout, frames.String()))
	m := regexp.MustCompile(`(?s)<pre id="found">(.*?)</pre>`).FindStringSubmatch(dom)
	if m == nil || m[1] == "" {
		t.Fatalf("the browser measured nothing:\n%.2000s", dom)
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// TestBrowserShowsThePage opens the page of the shipped model: no message on the
// console, all sections there, and nothing sticks out on a desk or a telephone.
func TestBrowserShowsThePage(t *testing.T) {
	m := acac(t)
	page := pageOf(t, mustMake(t, m, molecules(t, m, 6), options()))
	dom, console := browse(t, page)
	if len(console) > 0 {
		t.Errorf("console: %s", strings.Join(console, "\n"))
	}
	for _, id := range []string{"summary", "errors", "parity", "rotation", "dimers", "extensivity", "drift", "speed", "learning", "provenance"} {
		if !strings.Contains(dom, `<section id="`+id+`"`) {
			t.Errorf("the document has no section %s", id)
		}
	}
	want := []string{"360 px: pictures 11", "1100 px: pictures 11"}
	if found := layout(t, page, 360, 1100); fmt.Sprint(found) != fmt.Sprint(want) {
		t.Errorf("layout: %q, want %q", found, want)
	}
}

// TestBrowserSeesWhatIsWrong makes sure that the test above would.
func TestBrowserSeesWhatIsWrong(t *testing.T) {
	_, console := browse(t, `<!doctype html><meta http-equiv="Content-Security-Policy" content="default-src 'none'"><img src="missing.png"><script>undefined_function()</script>`)
	if len(console) == 0 {
		t.Error("a page with a blocked image and script has nothing on its console")
	}
	found := layout(t, `<!doctype html><p style="width:2000px">wide</p><figure><svg viewBox="0 0 100 100" width="300"><text x="-40" y="50">outside</text></svg></figure>`, 400)
	for _, want := range []string{"px wide", "outside its picture: outside", "outside the page: wide"} {
		if !strings.Contains(strings.Join(found, "\n"), want) {
			t.Errorf("found %q, want %q", found, want)
		}
	}
}
