//! Equations of a few unknowns whose matrix is symmetric and positive: Cholesky's factor.

/// Added to what would be divided by nothing: a column that says nothing takes nothing.
const RIDGE: f64 = 1e-9;

/// The lower factor L of a matrix LLᵀ, by rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Factor {
    size: usize,
    lower: Vec<f64>,
}

impl Factor {
    /// Of a matrix by rows, of which the part above the diagonal is not looked at.
    pub(super) fn new(size: usize, mut matrix: Vec<f64>) -> Self {
        for row in 0..size {
            for column in 0..=row {
                let sum: f64 = (0..column)
                    .map(|k| matrix[row * size + k] * matrix[column * size + k])
                    .sum();
                let left = matrix[row * size + column] - sum;
                matrix[row * size + column] = if row == column {
                    left.max(RIDGE).sqrt()
                } else {
                    left / matrix[column * size + column]
                };
            }
        }
        Self { size, lower: matrix }
    }

    /// Of the rows of its triangle, each to its diagonal; none if they are not that many, or no factor.
    pub(super) fn of(size: usize, triangle: &[f64]) -> Option<Self> {
        let mut left = triangle.iter();
        let mut lower = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..=row {
                lower[row * size + column] = *left.next()?;
            }
        }
        let sound = left.next().is_none() && (0..size).all(|row| lower[row * size + row] > 0.0);
        sound.then_some(Self { size, lower })
    }

    /// The rows of its triangle, each to its diagonal.
    pub(super) fn triangle(&self) -> Vec<f64> {
        let rows = (0..self.size).flat_map(|row| &self.row(row)[..=row]);
        rows.copied().collect()
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.lower[row * self.size..(row + 1) * self.size]
    }

    /// L⁻¹b.
    fn forwards(&self, b: &[f64]) -> Vec<f64> {
        let mut solved: Vec<f64> = Vec::with_capacity(self.size);
        for (i, b) in b.iter().enumerate().take(self.size) {
            let row = self.row(i);
            let sum: f64 = row.iter().zip(&solved).map(|(l, x)| l * x).sum();
            solved.push((b - sum) / row[i]);
        }
        solved
    }

    /// The solution x of LLᵀx = b.
    pub(super) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = self.forwards(b);
        for i in (0..x.len()).rev() {
            let sum: f64 = (i + 1..x.len()).map(|k| self.row(k)[i] * x[k]).sum();
            x[i] = (x[i] - sum) / self.row(i)[i];
        }
        x
    }

    /// The variance of a row's sum, where the matrix is the inverse of the coefficients' variance.
    pub(super) fn variance(&self, row: &[f64]) -> f64 {
        self.forwards(row).iter().map(|x| x * x).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_solved_fulfils_the_equations() {
        let matrix = vec![4.0, 0.0, 0.0, 2.0, 5.0, 0.0, -1.0, 0.5, 3.0];
        let factor = Factor::new(3, matrix);
        let x = factor.solve(&[1.0, -2.0, 0.25]);
        let full = [[4.0, 2.0, -1.0], [2.0, 5.0, 0.5], [-1.0, 0.5, 3.0]];
        for (row, b) in full.iter().zip([1.0, -2.0, 0.25]) {
            let sum: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
            assert!((sum - b).abs() < 1e-12);
        }
        let unit = factor.solve(&[1.0, 0.0, 0.0]);
        assert!((factor.variance(&[1.0, 0.0, 0.0]) - unit[0]).abs() < 1e-12);
    }

    #[test]
    fn a_column_that_says_nothing_takes_nothing() {
        let factor = Factor::new(2, vec![2.0, 0.0, 0.0, 0.0]);
        let x = factor.solve(&[4.0, 0.0]);
        assert!((x[0] - 2.0).abs() < 1e-12 && x[1].abs() < 1e-12);
    }
}
