#!/bin/sh
# Takes the pictures in this folder from a terminal: tmux runs kscan on the case in testdata at
# 100 and 160 columns, its screen with colours becomes HTML, and headless Chromium takes the
# picture. Run it in the top folder of the repository:
#
#	docs/screens/make.sh
#
# It needs go, tmux, chromium (or CHROMIUM=…) and the font DejaVu Sans Mono.
set -eu
chromium=${CHROMIUM:-chromium}
work=$(mktemp -d)
socket=kscan-$$
trap 'tmux -L "$socket" kill-server 2>/dev/null || true; rm -rf "$work"' EXIT
go build -o "$work/kscan" ./cmd/kscan

# screen COLUMNS: the whole report as the terminal shows it, with its escape sequences.
screen() {
	cat >"$work/run.sh" <<-END
		export TERM=screen-256color COLORFGBG='15;0' COLUMNS=$1
		$work/kscan scan --nodes testdata/incident.nodes testdata/incident
		touch $work/done
		sleep 60
	END
	rm -f "$work/done"
	printf 'set -g history-limit 50000\n' >"$work/tmux.conf"
	tmux -L "$socket" -f "$work/tmux.conf" new-session -d -x "$1" -y 50 "sh $work/run.sh"
	while ! [ -e "$work/done" ]; do sleep 0.1; done
	sleep 0.5
	tmux -L "$socket" capture-pane -e -N -p -S - -E -
	tmux -L "$socket" kill-server
	sleep 0.3
}

# html: escape sequences as spans. tmux writes 0, 1, 39, 49 and 38;5;N.
html() {
	awk -v columns="$1" '
	function hex(n, level) { # of the 256 colours of a terminal
		if (n >= 232) return sprintf("#%02x%02x%02x", 8 + 10 * (n - 232), 8 + 10 * (n - 232), 8 + 10 * (n - 232))
		n -= 16
		return sprintf("#%02x%02x%02x", step(int(n / 36)), step(int(n / 6) % 6), step(n % 6))
	}
	function step(n) { return n == 0 ? 0 : 55 + 40 * n }
	function set(codes, list, n, i) {
		n = split(codes, list, ";")
		if (n == 0) { bold = 0; color = "" }
		for (i = 1; i <= n; i++) {
			if (list[i] == 0) { bold = 0; color = "" }
			else if (list[i] == 1) bold = 1
			else if (list[i] == 39) color = ""
			else if (list[i] == 38 && list[i + 1] == 5) { color = hex(list[i + 2]); i += 2 }
		}
	}
	function put(text) {
		if (text == "") return
		gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text)
		printf "<span style=\"%s%s\">%s</span>", bold ? "font-weight:bold;" : "", color == "" ? "" : "color:" color, text
	}
	BEGIN {
		print "<meta charset=utf-8><style>body{margin:0;background:#1c1c1c}pre{margin:16px;color:#d8d8d8;font:14px/18px \"DejaVu Sans Mono\"}</style><pre>"
	}
	{
		line = $0
		while ((at = index(line, "\033[")) > 0) {
			put(substr(line, 1, at - 1))
			line = substr(line, at + 2)
			end = index(line, "m")
			set(substr(line, 1, end - 1))
			line = substr(line, end + 1)
		}
		put(line)
		print ""
	}'
}

# picture NAME COLUMNS: of the lines on standard input.
picture() {
	cat >"$work/lines"
	html "$2" <"$work/lines" >"$work/page.html"
	"$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --disable-lcd-text --user-data-dir="$work/profile" \
		--window-size=$(($2 * 843 / 100 + 34)),$(($(wc -l <"$work/lines") * 18 + 32)) \
		--screenshot="docs/screens/$1.png" "file://$work/page.html" >/dev/null 2>&1
}

# plain PATTERN: the number of the first line with a text, colours aside.
plain() { sed 's/\x1b\[[0-9;]*m//g' "$work/$1" | grep -n -m1 "$2" | cut -d: -f1; }

for columns in 100 160; do
	screen $columns >"$work/$columns"
	first=$(plain $columns '^1\. ')
	head -n $((first - 2)) "$work/$columns" | picture "incident-$columns" $columns
done
from=$(plain 100 '^4\. ') to=$(plain 100 '^5\. nc')
sed -n "${from},$((to - 2))p" "$work/100" | picture group-100 100
from=$(plain 160 '^What was examined') to=$(sed 's/\x1b\[[0-9;]*m//g' "$work/160" | grep -n '[^ ]' | tail -1 | cut -d: -f1)
sed -n "${from},${to}p" "$work/160" | picture logs-160 160
