# Runs the detectors of the package surveillance on weekly series with known outbreaks, for `cargo xtask bench surge --peers`.
# usage: Rscript peers.R IN.csv OUT.csv    columns out: method,scenario,replicate,found,delay_weeks,false_weeks,quiet_weeks
# Needs Debian's r-cran-surveillance (1.20.3).
suppressMessages(library(surveillance))
files <- commandArgs(trailingOnly = TRUE)
series <- read.csv(files[1])
weeks <- 576:624 # counted from 1, the last 49
# Settings of Noufaily et al. 2013 for the first; alpha as in the comparison that the issue names.
methods <- list(
  farringtonFlexible = function(s) farringtonFlexible(s, control = list(range = weeks, b = 5, w = 3, noPeriods = 10,
    pastWeeksNotIncluded = 26, pThresholdTrend = 1, thresholdMethod = "nbPlugin", weightsThreshold = 2.58, alpha = 0.005,
    limit54 = c(0, 4))),
  earsC1 = function(s) earsC(s, control = list(method = "C1", range = weeks, alpha = 0.005, minSigma = 0.5)),
  earsC2 = function(s) earsC(s, control = list(method = "C2", range = weeks, alpha = 0.005, minSigma = 0.5)),
  earsC3 = function(s) earsC(s, control = list(method = "C3", range = weeks, alpha = 0.025, minSigma = 0.5)),
  glrnb = function(s) glrnb(s, control = list(range = weeks, c.ARL = 5, M = 26, ret = "value"))
)
judge <- function(method, one) {
  s <- sts(observed = one$count, frequency = 52, start = c(2010, 1))
  told <- tryCatch(as.vector(alarms(suppressWarnings(methods[[method]](s)))), error = function(e) rep(FALSE, length(weeks)))
  told[is.na(told)] <- FALSE
  told <- as.logical(told)
  # Week by week, as the literature counts; and as alerts are told, once for weeks on end.
  begins <- told & !c(FALSE, told[-length(told)])
  rbind(count(method, one, told), count(paste0(method, " told once"), one, begins))
}
count <- function(method, one, told) {
  out <- one$outbreak[weeks] > 0
  first <- which(out)[1]
  hits <- which(told & seq_along(out) >= first & seq_along(out) <= max(which(out)))
  data.frame(method = method, scenario = one$scenario[1], replicate = one$replicate[1], found = as.integer(length(hits) > 0),
    delay_weeks = if (length(hits)) hits[1] - first else NA, false_weeks = sum(told & !out), quiet_weeks = sum(!out))
}
groups <- split(series, list(series$scenario, series$replicate), drop = TRUE)
# A series whose last outbreak left no case in the judged weeks has nothing to be found.
groups <- Filter(function(one) any(one$outbreak[weeks] > 0), groups)
rows <- lapply(names(methods), function(method) do.call(rbind, lapply(groups, function(one) judge(method, one))))
write.csv(do.call(rbind, rows), files[2], row.names = FALSE, na = "")
