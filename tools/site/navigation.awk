# The navigation of the site: headings and lists of links of docs/README.md.
# -v home=../: the way from the page to the root of the site; -v page=docs/x.html: the page.

/^## / { heading = substr($0, 4) }
heading != "" && /^- \[/ {
    if (heading != shown)
        print (shown == "" ? "" : "</ul>\n") "<p>" heading "</p>\n<ul>"
    shown = heading
    split($0, part, /[][()]/)           # - [TITLE](TARGET)
    target = "docs/" part[4]
    while (sub(/[^\/]+\/\.\.\//, "", target))
        ;
    if (target != "README.md")
        sub(/README\.md$/, "index.html", target)
    sub(/\.md$/, ".html", target)
    print "<li><a href=\"" home target "\"" (target == page ? " aria-current=\"page\"" : "") ">" \
          part[2] "</a></li>"
}
END {
    if (shown != "")
        print "</ul>"
}
