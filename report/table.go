package report

import (
	"strings"

	"charm.land/lipgloss/v2"
	"charm.land/lipgloss/v2/table"

	"kscan/report/safe"
)

// column is one column of a table. Cells may have several lines.
type column struct {
	title string
	cells []string
	right bool // numbers
	fixed bool // never wrapped
	least int  // wrapped narrower than this only when nothing else helps
	style func(row int) lipgloss.Style
}

const (
	columnGap = 2
	// minColumn is the least width that a column is narrowed to.
	minColumn = 8
	// maxCell is how many characters of a value a cell shows; the details show more.
	maxCell = 120
)

// cell makes a value fit for a table.
func cell(value string) string {
	if value == "" {
		return "-"
	}
	return safe.Text(safe.Clip(value, maxCell))
}

// table writes columns side by side, narrowed to the page's width: the widest first, by
// wrapping their cells. Where even that is too wide each row becomes a list.
func (p *page) table(indent int, columns []column) {
	widths, ok := fit(columns, p.width-indent)
	if !ok {
		p.rows(indent, columns)
		return
	}
	headers := make([]string, len(columns))
	rows := make([][]string, len(columns[0].cells))
	for i, c := range columns {
		headers[i] = c.title
		for row, text := range c.cells {
			var lines []string
			for line := range strings.SplitSeq(text, "\n") {
				lines = append(lines, wrap(line, widths[i])...)
			}
			rows[row] = append(rows[row], strings.Join(lines, "\n"))
		}
	}
	t := table.New().Headers(headers...).Rows(rows...).
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderColumn(false).
		Border(lipgloss.NormalBorder()).
		StyleFunc(func(row, i int) lipgloss.Style { return p.cellStyle(&columns[i], row, widths[i], i == len(columns)-1) })
	if p.look.color {
		t.BorderStyle(p.look.frame)
	}
	for line := range strings.SplitSeq(t.String(), "\n") {
		p.line(strings.Repeat(" ", indent) + line)
	}
}

// rows writes each row of a table as a list of its cells.
func (p *page) rows(indent int, columns []column) {
	width := labelWidth
	for _, c := range columns {
		width = max(width, lipgloss.Width(c.title)+columnGap)
	}
	for row := range columns[0].cells {
		if row > 0 {
			p.blank()
		}
		for _, c := range columns {
			label := c.title
			for line := range strings.SplitSeq(c.cells[row], "\n") {
				p.entry(entry{indent: indent, width: width, label: label, value: line})
				label = ""
			}
		}
	}
}

func (p *page) cellStyle(c *column, row, width int, last bool) lipgloss.Style {
	style := p.look.plain
	if p.look.color {
		switch {
		case row == table.HeaderRow:
			style = p.look.label
		case c.style != nil:
			style = c.style(row)
		}
	}
	if c.right {
		style = style.Align(lipgloss.Right)
	}
	if !last {
		width += columnGap
		style = style.PaddingRight(columnGap)
	}
	return style.Width(width)
}

// fit gives each column its width: what its cells need, less where the sum is too wide.
// It reports whether the columns fit.
func fit(columns []column, total int) (widths []int, ok bool) {
	widths = make([]int, len(columns))
	sum := columnGap * (len(columns) - 1)
	for i, c := range columns {
		widths[i] = lipgloss.Width(c.title)
		for _, text := range c.cells {
			widths[i] = max(widths[i], lipgloss.Width(text))
		}
		sum += widths[i]
	}
	sum = narrow(columns, widths, sum, total, func(c *column) int { return c.least })
	sum = narrow(columns, widths, sum, total, func(*column) int { return 0 })
	return widths, sum <= total
}

// narrow takes from the widest column, one by one, until the sum fits or no column is
// wider than its least.
func narrow(columns []column, widths []int, sum, total int, least func(*column) int) int {
	for sum > total {
		widest := -1
		for i := range columns {
			c := &columns[i]
			if c.fixed || widths[i] <= max(minColumn, least(c), lipgloss.Width(c.title)) {
				continue
			}
			if widest < 0 || widths[i] > widths[widest] {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
		sum--
	}
	return sum
}

// dropEmpty leaves out the columns that say nothing in any row.
func dropEmpty(columns []column) (kept []column) {
	for _, c := range columns {
		for _, text := range c.cells {
			if text != "-" && text != "" {
				kept = append(kept, c)
				break
			}
		}
	}
	return kept
}
